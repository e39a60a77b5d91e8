"""``python -m bench.exposure``: how right the findings are, on advisories whose makers no rule was made for."""
