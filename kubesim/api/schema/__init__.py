"""The schema of the API: which fields a type has, and decoding JSON into them as the API server does."""

from kubesim.api.schema.decode import DecodeError, convert, decode, strict_error, unknown_fields
from kubesim.api.schema.model import (
    ENUMS,
    MERGE_KEYS,
    Field,
    Type,
    describe,
    fields,
    in_go_order,
    merge_key,
    meta_type,
    retains_keys,
    type_of,
)

__all__ = ["ENUMS", "MERGE_KEYS", "DecodeError", "Field", "Type", "convert", "decode", "describe", "fields"]
__all__ += ["in_go_order", "merge_key", "meta_type", "retains_keys", "strict_error", "type_of"]
__all__ += ["unknown_fields"]
