/* A growing buffer, and the data items of CBOR as canonical form writes them: shortest heads, shortest exact floats. */
#ifndef PROVENANCE_CBOR_H
#define PROVENANCE_CBOR_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { UNSIGNED = 0x00, NEGATIVE = 0x20, BYTES = 0x40, TEXT = 0x60, ARRAY = 0x80, MAP = 0xa0 };
enum { FALSE_BYTE = 0xf4, TRUE_BYTE = 0xf5, NULL_BYTE = 0xf6, HALF = 0xf9, SINGLE = 0xfa, DOUBLE = 0xfb };
enum { LONGEST_HEAD = 9 };

typedef struct {
    uint8_t *at;
    size_t length, capacity;
} Buffer;

/* Make room for `more` bytes; 0: there is no memory. */
static int reserve(Buffer *buffer, size_t more) {
    if (more <= buffer->capacity - buffer->length) return 1;
    size_t wanted = (buffer->length + more) * 2;
    uint8_t *larger = realloc(buffer->at, wanted);
    if (!larger) return 0;
    buffer->at = larger;
    buffer->capacity = wanted;
    return 1;
}

/* The `width` low bytes of `number`, most significant first. */
static void put_big_endian(uint8_t *to, uint64_t number, int width) {
    for (int i = 0; i < width; i++) to[i] = (uint8_t)(number >> (8 * (width - 1 - i)));
}

/* Write a head to `to`, which has room for LONGEST_HEAD; its length. */
static size_t head(uint8_t *to, int major, uint64_t argument) {
    if (argument < 24) {
        to[0] = (uint8_t)(major | (int)argument);
        return 1;
    }
    int step = argument < 1u << 8 ? 0 : argument < 1u << 16 ? 1 : argument < 1ull << 32 ? 2 : 3;
    to[0] = (uint8_t)(major | (24 + step));
    put_big_endian(to + 1, argument, 1 << step);
    return 1 + ((size_t)1 << step);
}

static int put_head(Buffer *buffer, int major, uint64_t argument) {
    if (!reserve(buffer, LONGEST_HEAD)) return 0;
    buffer->length += head(buffer->at + buffer->length, major, argument);
    return 1;
}

static int put_byte(Buffer *buffer, int byte) {
    if (!reserve(buffer, 1)) return 0;
    buffer->at[buffer->length++] = (uint8_t)byte;
    return 1;
}

static int put_bytes(Buffer *buffer, const uint8_t *from, size_t size) {
    if (!reserve(buffer, size)) return 0;
    if (size) memcpy(buffer->at + buffer->length, from, size);
    buffer->length += size;
    return 1;
}

/* A byte string or text, head and content. */
static int put_string(Buffer *buffer, int major, const uint8_t *from, size_t size) {
    return put_head(buffer, major, size) && put_bytes(buffer, from, size);
}

/* Put the head of what was written from `from` + 1 on into the byte that was left free at `from`, or make more room. */
static int close_item(Buffer *buffer, size_t from, int major, uint64_t argument) {
    uint8_t opening[LONGEST_HEAD];
    size_t size = head(opening, major, argument);
    if (size > 1) {
        if (!reserve(buffer, size - 1)) return 0;
        memmove(buffer->at + from + size, buffer->at + from + 1, buffer->length - from - 1);
        buffer->length += size - 1;
    }
    memcpy(buffer->at + from, opening, size);
    return 1;
}

/* The bits of `number` as binary16 in `half`, where that is exact. */
static int as_half(float number, uint32_t *half) {
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint32_t sign = bits >> 31 << 15, mantissa = bits & 0x7fffff;
    int exponent = (int)(bits >> 23 & 255) - 127;
    if (exponent >= -14 && exponent <= 15 && !(mantissa & 0x1fff)) {
        *half = sign | (uint32_t)(exponent + 15) << 10 | mantissa >> 13;
        return 1;
    }
    if (exponent >= -24 && exponent < -14) { /* subnormal: in units of 2^-24 */
        uint32_t whole = mantissa | 0x800000;
        int shift = -1 - exponent;
        if (whole & ((1u << shift) - 1)) return 0;
        *half = sign | whole >> shift;
        return 1;
    }
    return 0;
}

/* A float, which must be finite: an integer where it is integral and has 64 bits, else the shortest exact form. */
static int put_float(Buffer *buffer, double number) {
    if (!isfinite(number) || !reserve(buffer, LONGEST_HEAD)) return 0;
    uint8_t *to = buffer->at + buffer->length;
    if (number == floor(number) && number >= -9223372036854775808.0 && number < 18446744073709551616.0) {
        buffer->length +=
            number < 0 ? head(to, NEGATIVE, ~(uint64_t)(int64_t)number) : head(to, UNSIGNED, (uint64_t)number);
        return 1;
    }
    uint64_t bits;
    int width = 8, first = DOUBLE;
    memcpy(&bits, &number, sizeof bits);
    if (fabs(number) <= FLT_MAX && (double)(float)number == number) {
        float single = (float)number;
        uint32_t narrow;
        if (as_half(single, &narrow)) {
            width = 2, first = HALF;
        } else {
            memcpy(&narrow, &single, sizeof narrow);
            width = 4, first = SINGLE;
        }
        bits = narrow;
    }
    to[0] = (uint8_t)first;
    put_big_endian(to + 1, bits, width);
    buffer->length += 1 + (size_t)width;
    return 1;
}

#endif
