"""The forms of Arrow columns, by which it is decided whether their values are content."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity.arrow_values import has_values, plain
from provenance.identity.field_names import Form
from provenance.identity.fields import Selection


def form_of_type(kind: pa.DataType) -> Form | None:
    """The form of values of this type; None: there are none. A list of objects is an object; a time is its text.

    Of a type of JSON it is not known without the values; columns of it never come here.
    """
    if isinstance(kind, pa.BaseExtensionType):
        return form_of_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return form_of_type(kind.value_type)
    if pa.types.is_null(kind):
        return None
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        return "object"
    if _is_list(kind):
        return "object" if form_of_type(kind.value_type) == "object" else "list"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return "bytes"
    if pa.types.is_fixed_size_binary(kind):
        return "bytes"
    return "text" if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind) else "number"


def forms_of(column: pa.Array) -> set[Form]:
    """The forms of the values of ``column``."""
    form = form_of_type(column.type)
    if form is None or not has_values(pa.chunked_array([column])):
        return set()
    if form != "object":
        return {form}
    has_object = _holds_object(column)
    forms: set[Form] = {"object"} if has_object.any() else set()
    return forms if has_object.sum() + column.null_count == len(column) else forms | {"list"}


def content_of(column: pa.Array, name: str, selection: Selection) -> tuple[pa.Array | None, set[Form]]:
    """The column with null where a value is not content, None where none is; and the forms of its values.

    In a list of objects that is empty there is no object: it counts as the plain list that it is in JSON.
    """
    form = form_of_type(column.type)
    if form is None or not has_values(pa.chunked_array([column])):
        return None, set()
    counts = selection.includes(name, form)
    if form != "object" or counts == selection.includes(name, "list"):
        return column if counts else None, forms_of(column)
    has_object = _holds_object(column)
    keep = has_object if counts else ~has_object & column.is_valid().to_numpy(zero_copy_only=False)
    kept = column.take(pa.array(np.arange(len(column)), mask=~keep)) if keep.any() else None
    return kept, forms_of(column)


def others_of(column: pa.Array, name: str, selection: Selection) -> pa.Array | None:
    """The column with null where a value is content, None where none is left: what `content_of` leaves out."""
    form = form_of_type(column.type)
    if form is None or not has_values(pa.chunked_array([column])):
        return None
    counts = selection.includes(name, form)
    if form != "object" or counts == selection.includes(name, "list"):
        return None if counts else column
    has_object = _holds_object(column)
    keep = ~has_object & column.is_valid().to_numpy(zero_copy_only=False) if counts else has_object
    return column.take(pa.array(np.arange(len(column)), mask=~keep)) if keep.any() else None


def _holds_object(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which values are objects, or lists with one in them."""
    array = plain(array)
    if not _is_list(array.type):
        is_object = form_of_type(array.type) == "object"
        valid: npt.NDArray[np.bool_] = array.is_valid().to_numpy(zero_copy_only=False)
        return valid if is_object else np.zeros(len(array), np.bool_)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    ends = np.cumsum(lengths)
    objects = np.concatenate([np.zeros(1, np.int64), np.cumsum(_holds_object(array.flatten()))])
    found: npt.NDArray[np.bool_] = objects[ends] > objects[ends - lengths]
    return found


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))
