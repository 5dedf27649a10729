"""The HTTP API: events in, explanations and lists out. Errors are RFC 9457 problems."""
