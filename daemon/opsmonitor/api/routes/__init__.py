"""The routes: one module per resource, each with its `routes`."""
