"""Tests of the pages and operations about papers."""
