"""What a participant's browser loads: launch pages, test pages and the files of studies."""
