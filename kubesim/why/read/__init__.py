"""Reading: pasted text becomes objects, and an error message a Reply.

`load` is the entry for texts of any kind. YAML and JSON become objects there; other text goes through `paste` (lines
to records), `rows` (records to rows) and `text` (rows to objects). `signs` tells what a message means. No cause is
judged here.
"""
