/* Strings and numbers of JSON, into canonical form. Each function gives 0 for what is not plain, or not valid. */
#ifndef PROVENANCE_JSON_TEXT_H
#define PROVENANCE_JSON_TEXT_H

#include "cbor.h"
#include "utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { LONGEST_NUMBER = 64, MOST_DIGITS = 4300 };
enum { FIRST_SURROGATE = 0xd800, SECOND_SURROGATE = 0xdc00, AFTER_SURROGATES = 0xe000 };

typedef struct {
    const uint8_t *p, *end;
    Buffer out;
} Text;

static void skip_space(Text *text) {
    while (text->p < text->end && (*text->p == ' ' || *text->p == '\t' || *text->p == '\r')) text->p++;
}

/* The first quotation mark, backslash or control character from `p` on; `high` is set by bytes that are not ASCII. */
static const uint8_t *special(const uint8_t *p, const uint8_t *end, int *high) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    for (; end - p >= 16; p += 16) {
        __m128i now = _mm_loadu_si128((const __m128i *)p);
        __m128i is_quoting = _mm_or_si128(_mm_cmpeq_epi8(now, quote), _mm_cmpeq_epi8(now, backslash));
        __m128i is_control = _mm_cmpeq_epi8(_mm_min_epu8(now, control), now);
        unsigned found = (unsigned)_mm_movemask_epi8(_mm_or_si128(is_quoting, is_control));
        unsigned above = (unsigned)_mm_movemask_epi8(now);
        if (found) {
            int before = __builtin_ctz(found);
            *high |= (above & ((1u << before) - 1)) != 0;
            return p + before;
        }
        *high |= above != 0;
    }
#endif
    for (; p < end && *p != '"' && *p != '\\' && *p >= 0x20; p++) *high |= *p >= 0x80;
    return p;
}

static int hexadecimal(const uint8_t *p, uint32_t *value) {
    *value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t letter = p[i] | 32;
        uint32_t digit;
        if (p[i] >= '0' && p[i] <= '9') digit = (uint32_t)(p[i] - '0');
        else if (letter >= 'a' && letter <= 'f') digit = (uint32_t)(letter - 'a' + 10);
        else return 0;
        *value = *value << 4 | digit;
    }
    return 1;
}

/* `\uXXXX` at `*p`, or two of them that are a pair of surrogates; an unpaired one is refused. */
static int unicode_escape(const uint8_t **p, const uint8_t *end, uint32_t *character) {
    if (end - *p < 6 || !hexadecimal(*p + 2, character)) return 0;
    *p += 6;
    if (*character < FIRST_SURROGATE || *character >= AFTER_SURROGATES) return 1;
    uint32_t second;
    if (*character >= SECOND_SURROGATE || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u') return 0;
    if (!hexadecimal(*p + 2, &second) || second < SECOND_SURROGATE || second >= AFTER_SURROGATES) return 0;
    *character = 0x10000 + ((*character - FIRST_SURROGATE) << 10) + (second - SECOND_SURROGATE);
    *p += 6;
    return 1;
}

static int escape(const uint8_t **p, const uint8_t *end, uint32_t *character) {
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (end - *p < 2) return 0;
    if ((*p)[1] == 'u') return unicode_escape(p, end, character);
    const char *found = (*p)[1] ? strchr(letters, (*p)[1]) : NULL;
    if (!found) return 0;
    *character = (uint8_t)meant[found - letters];
    *p += 2;
    return 1;
}

static size_t put_character(uint8_t *to, uint32_t character) {
    if (character < 0x80) {
        to[0] = (uint8_t)character;
        return 1;
    }
    int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const uint8_t marks[] = {0, 0xc0, 0xe0, 0xf0};
    to[0] = (uint8_t)(marks[more] | character >> (6 * more));
    for (int i = 1; i <= more; i++) to[i] = (uint8_t)(0x80 | (character >> (6 * (more - i)) & 63));
    return 1 + (size_t)more;
}

/* The rest of a string that begins at `start` and has its first escape at `stop`. */
static int put_escaped(Text *text, const uint8_t *start, const uint8_t *stop, int high) {
    Buffer *out = &text->out;
    size_t from = out->length;
    if (!reserve(out, LONGEST_HEAD)) return 0;
    out->length += LONGEST_HEAD; /* the head follows when the length is known */
    for (;;) {
        uint32_t character;
        if (!put_bytes(out, start, (size_t)(stop - start))) return 0;
        if (stop >= text->end || *stop < 0x20) return 0;
        if (*stop == '"') break;
        start = stop;
        if (!escape(&start, text->end, &character) || !reserve(out, 4)) return 0;
        out->length += put_character(out->at + out->length, character);
        stop = special(start, text->end, &high);
    }
    uint8_t opening[LONGEST_HEAD], *content = out->at + from + LONGEST_HEAD;
    size_t size = out->length - from - LONGEST_HEAD, opened = head(opening, TEXT, size);
    if (high && !is_utf8(content, content + size)) return 0;
    memcpy(out->at + from, opening, opened);
    memmove(out->at + from + opened, content, size);
    out->length = from + opened + size;
    text->p = stop + 1;
    return 1;
}

/* A string, from its opening mark on. */
static int string(Text *text) {
    const uint8_t *start = ++text->p;
    int high = 0;
    const uint8_t *stop = special(start, text->end, &high);
    if (stop >= text->end || *stop < 0x20) return 0;
    if (*stop != '"') return put_escaped(text, start, stop, high);
    if (high && !is_utf8(start, stop)) return 0;
    text->p = stop + 1;
    return put_string(&text->out, TEXT, start, (size_t)(stop - start));
}

typedef struct {
    uint64_t mantissa; /* the digits without the point, as long as there are not more than 19 */
    int digits, exponent, negative, is_float;
} Number;

static const uint8_t *read_digits(const uint8_t *p, const uint8_t *end, Number *number) {
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (number->mantissa || *p != '0') number->digits++;
        number->mantissa = number->mantissa * 10 + (uint64_t)(*p - '0');
    }
    return p;
}

/* Read a number as JSON spells it; NULL: it is none, or has more digits than an integer may have. */
static const uint8_t *read_number(const uint8_t *p, const uint8_t *end, Number *number) {
    const uint8_t *start;
    if (p < end && *p == '-') number->negative = 1, p++;
    start = p;
    p = read_digits(p, end, number);
    if (p == start || (*start == '0' && p > start + 1) || p - start > MOST_DIGITS) return NULL;
    if (p < end && *p == '.') {
        number->is_float = 1;
        start = p + 1;
        p = read_digits(start, end, number);
        if (p == start) return NULL;
        number->exponent = start - p < -1000 ? -1000 : (int)(start - p);
    }
    if (p < end && (*p | 32) == 'e') {
        int negative = 0, exponent = 0;
        number->is_float = 1;
        p++;
        if (p < end && (*p == '+' || *p == '-')) negative = *p++ == '-';
        start = p;
        for (; p < end && *p >= '0' && *p <= '9'; p++)
            if (exponent < 10000) exponent = exponent * 10 + (*p - '0');
        if (p == start) return NULL;
        number->exponent += negative ? -exponent : exponent;
    }
    return p;
}

/* The nearest binary64. With few digits and a small power of ten one operation gives it, since both are exact. */
static int nearest(const uint8_t *start, const uint8_t *end, const Number *number, double *value) {
#if FLT_EVAL_METHOD == 0
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (number->digits <= 15 && number->exponent >= -22 && number->exponent <= 22) {
        double mantissa = (double)number->mantissa;
        *value = number->exponent < 0 ? mantissa / powers[-number->exponent] : mantissa * powers[number->exponent];
        if (number->negative) *value = -*value;
        return 1;
    }
#endif
    char copy[LONGEST_NUMBER], *stop;
    size_t size = (size_t)(end - start);
    if (size >= sizeof copy) return 0;
    memcpy(copy, start, size);
    copy[size] = 0;
    *value = strtod(copy, &stop);
    return stop == copy + size; /* where the locale has another point, this stops at ours */
}

/* A number. Where `counts` is 0 its value does not matter, only that it is one. */
static int number(Text *text, int counts) {
    Number found = {0};
    const uint8_t *start = text->p, *end = read_number(start, text->end, &found);
    double value;
    if (!end) return 0;
    text->p = end;
    if (!counts) return put_byte(&text->out, UNSIGNED);
    if (found.is_float) return nearest(start, end, &found, &value) && put_float(&text->out, value);
    if (found.digits > 19) return 0;
    if (found.negative && found.mantissa) return put_head(&text->out, NEGATIVE, found.mantissa - 1);
    return put_head(&text->out, UNSIGNED, found.mantissa);
}

#endif
