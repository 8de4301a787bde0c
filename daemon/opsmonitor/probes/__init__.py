"""Probes: what is polled in the background and never by a request. One module, one `PROBE`."""
