"""Studies, versions and sharing; every permission rule of the product stands in its module access."""
