"""What makers can know before they sell: a design's papers and its prototype's traffic, held side by side."""
