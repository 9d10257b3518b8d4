/* What a sample is to both readers: the forms of values, by which they count, and the id of a canonical form. */
#ifndef PROVENANCE_SAMPLES_H
#define PROVENANCE_SAMPLES_H

#define XXH_INLINE_ALL
#include "xxhash.h"

#include <stdint.h>
#include <string.h>

/* As bits; identity/kernel.py has the same. */
enum { NO_FORM = 0, TEXT_FORM = 1, BYTES_FORM = 2, OBJECT = 4, LIST = 8, NUMBER = 16 };
enum { ID_SIZE = 16 };

static void put_id(uint8_t *to, const uint8_t *content, size_t size) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(content, size));
    memcpy(to, &canonical, ID_SIZE);
}

#endif
