"""What other scanners wrote: read as hostile input, tied to devices, never believed more than traffic."""
