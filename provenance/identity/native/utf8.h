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
#include <tmmintrin.h>

/* The same, sixteen bytes at a time: a byte's high nibble and both nibbles of the one before it are looked up in three
 * tables of the errors that they leave possible; an error that all three leave possible is there (J. Keiser, D. Lemire,
 * "Validating UTF-8 in less than one instruction per byte", 2021). */
enum {
    SHORT = 1, LONG = 2, OVER3 = 4, LARGE = 8, SURROGATE = 16, OVER2 = 32, LARGER = 64, OVER4 = 64, TWO = 128,
    CARRY = SHORT | LONG | TWO,
    ASCII_LOW = CARRY | LARGE | LARGER
};
#define S(flags) ((char)(flags))

__attribute__((target("ssse3"))) static __m128i errors_of(__m128i now, __m128i before) {
    const __m128i first_high = _mm_setr_epi8(
        LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, S(TWO), S(TWO), S(TWO), S(TWO), S(SHORT | OVER2), SHORT,
        S(SHORT | OVER3 | SURROGATE), S(SHORT | LARGE | LARGER | OVER4));
    const __m128i first_low = _mm_setr_epi8(
        S(CARRY | OVER3 | OVER2 | OVER4), S(CARRY | OVER2), S(CARRY), S(CARRY), S(CARRY | LARGE), S(ASCII_LOW),
        S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW), S(ASCII_LOW),
        S(ASCII_LOW | SURROGATE), S(ASCII_LOW), S(ASCII_LOW));
    const __m128i second_high = _mm_setr_epi8(
        SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, S(LONG | OVER2 | TWO | OVER3 | LARGER | OVER4),
        S(LONG | OVER2 | TWO | OVER3 | LARGE), S(LONG | OVER2 | TWO | SURROGATE | LARGE),
        S(LONG | OVER2 | TWO | SURROGATE | LARGE), SHORT, SHORT, SHORT, SHORT);
    const __m128i nibble = _mm_set1_epi8(15);
    __m128i one = _mm_alignr_epi8(now, before, 15);
    __m128i two = _mm_alignr_epi8(now, before, 14), three = _mm_alignr_epi8(now, before, 13);
    __m128i possible = _mm_and_si128(
        _mm_and_si128(
            _mm_shuffle_epi8(first_high, _mm_and_si128(_mm_srli_epi16(one, 4), nibble)),
            _mm_shuffle_epi8(first_low, _mm_and_si128(one, nibble))),
        _mm_shuffle_epi8(second_high, _mm_and_si128(_mm_srli_epi16(now, 4), nibble)));
    /* Third and fourth bytes must be continuations of continuations, the very thing that TWO marks. */
    __m128i late = _mm_or_si128(_mm_subs_epu8(two, _mm_set1_epi8(0x60)), _mm_subs_epu8(three, _mm_set1_epi8(0x70)));
    return _mm_xor_si128(_mm_and_si128(late, _mm_set1_epi8(S(0x80))), possible);
}

__attribute__((target("ssse3"))) static int is_utf8_by_sixteen(const uint8_t *p, const uint8_t *end) {
    /* In the last three bytes, a character may begin that does not end there. */
    const __m128i most = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, S(0xef), S(0xdf), S(0xbf));
    const __m128i zero = _mm_setzero_si128();
    __m128i error = zero, before = zero, unfinished = zero;
    uint8_t last[16] = {0};
    while (p < end) {
        __m128i now;
        if (end - p >= 16) {
            now = _mm_loadu_si128((const __m128i *)p);
            p += 16;
        } else {
            memcpy(last, p, (size_t)(end - p));
            now = _mm_loadu_si128((const __m128i *)last);
            p = end;
        }
        if (_mm_movemask_epi8(now)) {
            error = _mm_or_si128(error, errors_of(now, before));
            unfinished = _mm_subs_epu8(now, most);
        } else {
            error = _mm_or_si128(error, unfinished);
            unfinished = zero;
        }
        before = now;
    }
    error = _mm_or_si128(error, unfinished);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(error, zero)) == 0xffff;
}
#undef S

static int is_utf8(const uint8_t *p, const uint8_t *end) {
    if (end - p < 32 || !__builtin_cpu_supports("ssse3")) return is_utf8_by_character(p, end);
    return is_utf8_by_sixteen(p, end);
}
#else
static int is_utf8(const uint8_t *p, const uint8_t *end) { return is_utf8_by_character(p, end); }
#endif

#endif
