"""The plan in the web: work as rows, who does it and how far it is, risks that were accepted, tickets."""
