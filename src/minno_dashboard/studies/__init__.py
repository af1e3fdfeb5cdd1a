"""Studies, versions and sharing; every permission rule of the product is in `studies.access`."""
