/* Sample ids (canonical form 1, xxh3_128) at the speed of the memory: an optional way beside the pure one.
 *
 * The pure way, in Python and Arrow, is the reference. What this kernel cannot do in just the same way it refuses,
 * above all whatever is an error: only the pure way words errors. It is called by ctypes, without Python's lock, from several
 * threads at once, and so keeps no state. tests/fuzz compares both ways. */
#include "columns.h"
#include "json_lines.h"

#define EXPORT __attribute__((visibility("default")))

/* Changes with what is exported; identity/kernel.py has the same number. */
EXPORT int32_t provenance_kernel_version(void) { return 1; }

/* Whether the structures are as large as the caller takes them to be. */
EXPORT int32_t provenance_sizes_are(int64_t lines, int64_t node) {
    return lines == (int64_t)sizeof(Lines) && node == (int64_t)sizeof(Node);
}

EXPORT int32_t provenance_read_lines(Lines *lines) { return read_lines(lines); }

EXPORT int32_t provenance_read_columns(
    Node *nodes, int32_t count, int32_t columns, int64_t rows, uint8_t *ids, uint64_t *sizes) {
    return read_columns(nodes, count, columns, rows, ids, sizes);
}

/* The ids of canonical forms that lie one after the other. */
EXPORT void provenance_digest_all(const uint8_t *content, const int64_t *offsets, int64_t rows, uint8_t *ids) {
    for (int64_t i = 0; i < rows; i++)
        put_id(ids + ID_SIZE * i, content + offsets[i], (size_t)(offsets[i + 1] - offsets[i]));
}
