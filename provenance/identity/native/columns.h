/* Sample ids of Arrow columns: each row's content is gathered from the columns' buffers, and hashed.
 *
 * Nothing is trusted: `check` compares every offset with the sizes of the buffers before anything is read by it. */
#ifndef PROVENANCE_COLUMNS_H
#define PROVENANCE_COLUMNS_H

#include "cbor.h"
#include "samples.h"
#include "utf8.h"

/* Kinds of nodes; native/columns.py has the same. */
enum {
    STRING_NODE = 0, BINARY_NODE, SIGNED_NODE, UNSIGNED_NODE, FLOAT_NODE, BOOLEAN_NODE, LIST_NODE, STRUCT_NODE,
    NODE_KINDS
};
enum { DEEPEST_NODE = 32 };

typedef struct {
    const uint8_t *at;
    int64_t size;
} Bytes;

/* One array: a column, the elements of a list or a member of a struct. `Node` in identity/kernel.py is the same. */
typedef struct {
    int32_t kind;
    int32_t width;    /* bytes of a value, of text and lists those of an offset */
    int64_t length;
    int64_t offset;   /* of the first value within the buffers */
    Bytes validity;   /* no address: nothing is null */
    Bytes offsets;
    Bytes data;
    Bytes key;        /* of a column or a member: its name in canonical form */
    int32_t child;    /* the number of the first child; those of a struct follow one another, sorted by their keys */
    int32_t children;
    int32_t counts;   /* of a column: the forms in which its values are content */
    int32_t seen;     /* of a column: the forms that its values have; is set here */
} Node;

static int is_valid(const Node *node, int64_t i) {
    i += node->offset;
    return !node->validity.at || (node->validity.at[i >> 3] >> (i & 7) & 1);
}

static int64_t offset_at(const Node *node, int64_t i) {
    i += node->offset;
    if (node->width == 8) {
        int64_t wide;
        memcpy(&wide, node->offsets.at + 8 * i, 8);
        return wide;
    }
    int32_t narrow;
    memcpy(&narrow, node->offsets.at + 4 * i, 4);
    return narrow;
}

/* Whether the buffer holds `count` items of `bits` bits each. */
static int holds(const Bytes *buffer, int64_t count, int64_t bits) {
    return count == 0 || (buffer->at && count <= buffer->size / bits * 8 + buffer->size % bits * 8 / bits);
}

/* Whether offsets never fall and lie within `most`. An array without values may have none, or one, which Arrow checks. */
static int offsets_are_sound(const Node *node, int64_t most) {
    if (node->length == 0 && node->offset == 0 && node->offsets.size == 0) return 1;
    if (!holds(&node->offsets, node->offset + node->length + 1, 8 * (int64_t)node->width)) return 0;
    int64_t before = offset_at(node, 0);
    if (before < 0) return 0;
    for (int64_t i = 1; i <= node->length; i++) {
        int64_t next = offset_at(node, i);
        if (next < before) return 0;
        before = next;
    }
    return before <= most;
}

/* Whether texts are UTF-8, of which none begins within a character. */
static int texts_are_sound(const Node *node) {
    int64_t first = offset_at(node, 0), last = offset_at(node, node->length);
    if (first == last) return 1;
    if (!is_utf8(node->data.at + first, node->data.at + last)) return 0;
    for (int64_t i = 1; i < node->length; i++) {
        int64_t start = offset_at(node, i);
        if (start < last && is_continuation(node->data.at[start])) return 0;
    }
    return 1;
}

static int check(const Node *nodes, int32_t count, int32_t number, int depth);

static int children_are_sound(const Node *nodes, int32_t count, const Node *node, int64_t length, int depth) {
    for (int32_t i = 0; i < node->children; i++) {
        int32_t child = node->child + i;
        if (child <= node - nodes || child >= count || nodes[child].length < length) return 0;
        if (!check(nodes, count, child, depth + 1)) return 0;
    }
    return 1;
}

/* Whether node `number` and those below it can be read without a further look. */
static int check(const Node *nodes, int32_t count, int32_t number, int depth) {
    const Node *node = nodes + number;
    if (node->length < 0 || node->length > INT64_MAX / 4 || node->offset < 0 || node->offset > INT64_MAX / 4) return 0;
    int64_t end = node->offset + node->length;
    if (depth > DEEPEST_NODE || node->child < 0) return 0;
    if (node->validity.at && !holds(&node->validity, end, 1)) return 0;
    switch (node->kind) {
        case STRING_NODE:
        case BINARY_NODE:
            if (!offsets_are_sound(node, node->data.at ? node->data.size : 0)) return 0;
            return node->kind == BINARY_NODE || node->length == 0 || texts_are_sound(node);
        case LIST_NODE:
            if (node->children != 1 || node->child >= count) return 0;
            if (!offsets_are_sound(node, nodes[node->child].length)) return 0;
            return children_are_sound(nodes, count, node, 0, depth);
        case STRUCT_NODE: return children_are_sound(nodes, count, node, node->length, depth);
        case BOOLEAN_NODE: return holds(&node->data, end, 1);
        default:
            if (node->kind < 0 || node->kind >= NODE_KINDS || node->width < 1 || node->width > 8) return 0;
            return holds(&node->data, end, 8 * (int64_t)node->width);
    }
}

/* The form of a value that is not null; a list with an object in it, at any depth of lists, is an object. */
static int form_of(const Node *nodes, const Node *node, int64_t i) {
    switch (node->kind) {
        case STRING_NODE: return TEXT_FORM;
        case BINARY_NODE: return BYTES_FORM;
        case STRUCT_NODE: return OBJECT;
        case LIST_NODE: break;
        default: return NUMBER;
    }
    const Node *elements = nodes + node->child;
    if (elements->kind != LIST_NODE && elements->kind != STRUCT_NODE) return LIST;
    for (int64_t at = offset_at(node, i), end = offset_at(node, i + 1); at < end; at++)
        if (is_valid(elements, at) && form_of(nodes, elements, at) == OBJECT) return OBJECT;
    return LIST;
}

static int put_signed(Buffer *out, int64_t value) {
    return value < 0 ? put_head(out, NEGATIVE, ~(uint64_t)value) : put_head(out, UNSIGNED, (uint64_t)value);
}

static int put_number(Buffer *out, const Node *node, int64_t i) {
    const uint8_t *at = node->data.at + (node->offset + i) * node->width;
    union {
        int8_t i1; int16_t i2; int32_t i4; int64_t i8;
        uint8_t u1; uint16_t u2; uint32_t u4; uint64_t u8;
        float f4; double f8;
    } value;
    memcpy(&value, at, (size_t)node->width);
    switch (node->kind * 16 + node->width) {
        case SIGNED_NODE * 16 + 1: return put_signed(out, value.i1);
        case SIGNED_NODE * 16 + 2: return put_signed(out, value.i2);
        case SIGNED_NODE * 16 + 4: return put_signed(out, value.i4);
        case SIGNED_NODE * 16 + 8: return put_signed(out, value.i8);
        case UNSIGNED_NODE * 16 + 1: return put_head(out, UNSIGNED, value.u1);
        case UNSIGNED_NODE * 16 + 2: return put_head(out, UNSIGNED, value.u2);
        case UNSIGNED_NODE * 16 + 4: return put_head(out, UNSIGNED, value.u4);
        case UNSIGNED_NODE * 16 + 8: return put_head(out, UNSIGNED, value.u8);
        case FLOAT_NODE * 16 + 4: return put_float(out, value.f4);
        case FLOAT_NODE * 16 + 8: return put_float(out, value.f8);
        default: return 0;
    }
}

static int put_value(Buffer *out, const Node *nodes, const Node *node, int64_t i);

static int put_list(Buffer *out, const Node *nodes, const Node *node, int64_t i) {
    int64_t start = offset_at(node, i), end = offset_at(node, i + 1);
    const Node *elements = nodes + node->child;
    if (!put_head(out, ARRAY, (uint64_t)(end - start))) return 0;
    for (; start < end; start++)
        if (!(is_valid(elements, start) ? put_value(out, nodes, elements, start) : put_byte(out, NULL_BYTE))) return 0;
    return 1;
}

static int put_struct(Buffer *out, const Node *nodes, const Node *node, int64_t i) {
    size_t from = out->length;
    uint64_t members = 0;
    if (!put_byte(out, MAP)) return 0;
    for (int32_t number = 0; number < node->children; number++) {
        const Node *member = nodes + node->child + number;
        if (!is_valid(member, i)) continue;
        if (!put_bytes(out, member->key.at, (size_t)member->key.size)) return 0;
        if (!put_value(out, nodes, member, i)) return 0;
        members++;
    }
    return close_item(out, from, MAP, members);
}

/* Write value `i` of the node, which is not null. */
static int put_value(Buffer *out, const Node *nodes, const Node *node, int64_t i) {
    int64_t start;
    switch (node->kind) {
        case STRING_NODE:
        case BINARY_NODE:
            start = offset_at(node, i);
            return put_string(
                out, node->kind == STRING_NODE ? TEXT : BYTES, node->data.at + start,
                (size_t)(offset_at(node, i + 1) - start));
        case BOOLEAN_NODE:
            i += node->offset;
            return put_byte(out, node->data.at[i >> 3] >> (i & 7) & 1 ? TRUE_BYTE : FALSE_BYTE);
        case LIST_NODE: return put_list(out, nodes, node, i);
        case STRUCT_NODE: return put_struct(out, nodes, node, i);
        default: return put_number(out, node, i);
    }
}

/* A row in canonical form; 0: a value has none. */
static int put_row(Buffer *out, Node *nodes, int32_t columns, int64_t row) {
    uint64_t members = 0;
    out->length = 0;
    if (!put_byte(out, MAP)) return 0;
    for (int32_t number = 0; number < columns; number++) {
        Node *column = nodes + number;
        if (!is_valid(column, row)) continue;
        int form = form_of(nodes, column, row);
        column->seen |= form;
        if (!(column->counts & form)) continue;
        if (!put_bytes(out, column->key.at, (size_t)column->key.size) || !put_value(out, nodes, column, row)) return 0;
        members++;
    }
    return close_item(out, 0, MAP, members);
}

/* The samples of `rows` rows, whose columns are the first `columns` of the nodes; 0: refused. */
static int read_columns(Node *nodes, int32_t count, int32_t columns, int64_t rows, uint8_t *ids, uint64_t *sizes) {
    Buffer out = {0};
    int good = 1;
    for (int32_t i = 0; good && i < columns; i++) good = nodes[i].length >= rows && check(nodes, count, i, 0);
    for (int64_t row = 0; good && row < rows; row++) {
        good = put_row(&out, nodes, columns, row);
        if (!good) break;
        sizes[row] = out.length;
        put_id(ids + ID_SIZE * row, out.at, out.length);
    }
    free(out.at);
    return good;
}

#endif
