"""The whole mirror under random faults: from one seed a story, played on virtual time, judged, and made short."""
