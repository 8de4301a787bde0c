"""Actions: what the daemon may do by itself about a failing check. One module, one `ACTION`."""
