"""What every room knows: resources, objects, schema, errors, selectors, time and identity."""
