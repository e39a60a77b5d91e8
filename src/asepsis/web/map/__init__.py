"""Who talks to whom: networks first, then the devices of one, then one device's neighbourhood."""
