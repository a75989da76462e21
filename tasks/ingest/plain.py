"""Arrow types without the variants that differ only in how bytes lie."""

import pyarrow as pa


def plain(table: pa.Table) -> pa.Table:
    """Give strings, bytes, lists and dictionaries the one type that files of items may mix."""
    fields = [pa.field(field.name, _plain_type(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    if is_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    return kind


def is_list(kind: pa.DataType) -> bool:
    """Say whether a type is any kind of list."""
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
