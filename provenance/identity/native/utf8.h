/* Whether bytes are well-formed UTF-8: no surrogates, nothing beyond U+10FFFF, no longer form than needed. */
#ifndef PROVENANCE_UTF8_H
#define PROVENANCE_UTF8_H

#include <stdint.h>
#include <string.h>

static int is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

/* The length of the character at `p`, of which the first byte is not ASCII; 0: it is none. */
static int character_length(const uint8_t *p, const uint8_t *end) {
    uint8_t first = p[0];
    int length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || end - p < length) return 0;
    for (int i = 1; i < length; i++)
        if (!is_continuation(p[i])) return 0;
    if ((first == 0xe0 && p[1] < 0xa0) || (first == 0xed && p[1] >= 0xa0)) return 0;
    if ((first == 0xf0 && p[1] < 0x90) || (first == 0xf4 && p[1] >= 0x90)) return 0;
    return length;
}

static int is_utf8_by_character(const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        uint64_t eight;
        if (end - p >= 8 && (memcpy(&eight, p, 8), !(eight & 0x8080808080808080u))) {
            p += 8;
        } else if (*p < 0x80) {
            p++;
        } else {
            int length = character_length(p, end);
            if (!length) return 0;
            p += length;
        }
    }
    return 1;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* The same, 32 bytes at a time: a byte's high nibble and both nibbles of the one before it are looked up in three
 * tables of the errors that they leave possible; an error that all three leave possible is there (J. Keiser, D. Lemire,
 * "Validating UTF-8 in less than one instruction per byte", 2021). */
enum {
    SHORT = 1, LONG = 2, OVER3 = 4, LARGE = 8, SURROGATE = 16, OVER2 = 32, LARGER = 64, OVER4 = 64, TWO = 128,
    CARRY = SHORT | LONG | TWO,
    ASCII_LOW = CARRY | LARGE | LARGER
};
#define S(flags) ((char)(flags))

/* For each nibble, the errors that it leaves possible. */
static const char FIRST_HIGH[16] = {
    LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, S(TWO), S(TWO), S(TWO), S(TWO), S(SHORT | OVER2), SHORT,
    S(SHORT | OVER3 | SURROGATE), S(SHORT | LARGE | LARGER | OVER4)};
static const char FIRST_LOW[16] = {
    S(CARRY | OVER3 | OVER2 | OVER4), S(CARRY | OVER2), S(CARRY), S(CARRY), S(CARRY | LARGE), S(ASCII_LOW),
    S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW),
    S(ASCII_LOW | SURROGATE), S(ASCII_LOW), S(ASCII_LOW)};
static const char SECOND_HIGH[16] = {
    SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, S(LONG | OVER2 | TWO | OVER3 | LARGER | OVER4),
    S(LONG | OVER2 | TWO | OVER3 | LARGE), S(LONG | OVER2 | TWO | SURROGATE | LARGE),
    S(LONG | OVER2 | TWO | SURROGATE | LARGE), SHORT, SHORT, SHORT, SHORT};

#define BY_32 __attribute__((target("avx2"))) static

BY_32 inline __m256i looked_up(const char *table, __m256i nibbles) {
    __m256i twice = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    return _mm256_shuffle_epi8(twice, nibbles);
}

BY_32 inline __m256i errors_of(__m256i now, __m256i before) {
    const __m256i nibble = _mm256_set1_epi8(15);
    /* The half before each half of `now`. */
    __m256i earlier = _mm256_permute2x128_si256(before, now, 0x21);
    __m256i one = _mm256_alignr_epi8(now, earlier, 15);
    __m256i two = _mm256_alignr_epi8(now, earlier, 14), three = _mm256_alignr_epi8(now, earlier, 13);
    __m256i possible = _mm256_and_si256(
        _mm256_and_si256(
            looked_up(FIRST_HIGH, _mm256_and_si256(_mm256_srli_epi16(one, 4), nibble)),
            looked_up(FIRST_LOW, _mm256_and_si256(one, nibble))),
        looked_up(SECOND_HIGH, _mm256_and_si256(_mm256_srli_epi16(now, 4), nibble)));
    /* Third and fourth bytes must be continuations of continuations, the very thing that TWO marks. */
    __m256i late =
        _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0x60)), _mm256_subs_epu8(three, _mm256_set1_epi8(0x70)));
    return _mm256_xor_si256(_mm256_and_si256(late, _mm256_set1_epi8(S(0x80))), possible);
}

BY_32 int is_utf8_by_32(const uint8_t *p, const uint8_t *end) {
    /* In the last three bytes, a character may begin that does not end there. */
    const __m256i most = _mm256_setr_epi8(
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, S(0xef), S(0xdf), S(0xbf));
    const __m256i zero = _mm256_setzero_si256();
    __m256i error = zero, before = zero, unfinished = zero;
    uint8_t last[32] = {0};
    while (p < end) {
        __m256i now;
        if (end - p >= 32) {
            now = _mm256_loadu_si256((const __m256i *)p);
            p += 32;
        } else {
            memcpy(last, p, (size_t)(end - p));
            now = _mm256_loadu_si256((const __m256i *)last);
            p = end;
        }
        if (_mm256_movemask_epi8(now)) {
            error = _mm256_or_si256(error, errors_of(now, before));
            unfinished = _mm256_subs_epu8(now, most);
        } else {
            error = _mm256_or_si256(error, unfinished);
            unfinished = zero;
        }
        before = now;
    }
    error = _mm256_or_si256(error, unfinished);
    return _mm256_testz_si256(error, error);
}
#undef BY_32
#undef S

static int is_utf8(const uint8_t *p, const uint8_t *end) {
    if (end - p < 32 || !__builtin_cpu_supports("avx2")) return is_utf8_by_character(p, end);
    return is_utf8_by_32(p, end);
}
#else
static int is_utf8(const uint8_t *p, const uint8_t *end) { return is_utf8_by_character(p, end); }
#endif

#endif
