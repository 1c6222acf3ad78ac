"""The schema of the API: which fields a type has, and decoding JSON into them as the API server does.

The fields come from the package lightkube-models, read as data; what it leaves out of Go's types is in `gotypes`.
"""

from kubesim.api.schema.decode import DecodeError, convert, decode, strict_error, unknown_fields
from kubesim.api.schema.model import (
    Field,
    Type,
    describe,
    fields,
    list_type_of,
    merge_key,
    meta_type,
    retains_keys,
    type_of,
)
from kubesim.api.schema.order import in_go_order

__all__ = [
    "DecodeError",
    "Field",
    "Type",
    "convert",
    "decode",
    "describe",
    "fields",
    "in_go_order",
    "list_type_of",
    "merge_key",
    "meta_type",
    "retains_keys",
    "strict_error",
    "type_of",
    "unknown_fields",
]
