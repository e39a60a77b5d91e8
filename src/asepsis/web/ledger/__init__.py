"""The record of every access and change, durable before the answer leaves."""
