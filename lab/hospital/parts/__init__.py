"""What several kinds of devices do alike: ask for an address, send an image, report by HL7, serve a page."""
