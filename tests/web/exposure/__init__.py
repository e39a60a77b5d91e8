"""Tests of the web app exposure."""
