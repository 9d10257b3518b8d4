/* Sample ids of JSON Lines: a row is parsed, written in canonical form and hashed, one after the other.
 *
 * What is not plain is refused: damage, keys that occur twice, unpaired surrogates, integers of more than 19 digits,
 * very deep or wide rows, reserved columns. */
#ifndef PROVENANCE_JSON_LINES_H
#define PROVENANCE_JSON_LINES_H

#include "json_text.h"
#include "samples.h"

enum { DEEPEST = 64, MOST_MEMBERS = 512, MOST_NAMES = 64, LONGEST_NAME = 256, LARGEST_BLOCK = 1 << 29 };
enum { DONE = 0, UNKNOWN_NAME = 1, REFUSED = -1 };
enum { IS_RESERVED = 0x80, WAS_SEEN = 0x80 };

/* One call: a block of lines, and what is known of their members. `Lines` in identity/kernel.py is the same. */
typedef struct {
    const uint8_t *data;
    int64_t size;
    int64_t position;     /* where the next row is looked for; moves on */
    int64_t rows;         /* read so far */
    int64_t capacity;     /* rows that fit below */
    uint8_t *ids;         /* 16 bytes each */
    uint64_t *sizes;      /* of the canonical forms */
    int64_t *tokens;      /* the values of the tokens field, -1 where there is none */
    const uint8_t *names; /* of the members, one after the other */
    const int32_t *bounds;
    const uint8_t *counts; /* of each name: the forms in which it is content, or IS_RESERVED */
    uint8_t *seen;         /* of each name: WAS_SEEN, and the forms of its values */
    int32_t names_count;
    int32_t tokens_name; /* the number of the tokens field's name; -1: there is none */
    uint8_t *unknown;    /* the name at which the call stopped; LONGEST_NAME bytes */
    int64_t unknown_size;
} Lines;

typedef struct {
    uint32_t key, value, end; /* where they begin in the buffer; a null has no value there */
} Entry;

typedef struct {
    Text text;
    Entry *entries;
    size_t entries_count, entries_capacity;
    int stop; /* REFUSED, or UNKNOWN_NAME */
} Parser;

static int parse_value(Parser *parser, int depth, int counts);

static int compare_keys(const uint8_t *base, const Entry *one, const Entry *other) {
    size_t size = one->value - one->key, other_size = other->value - other->key;
    int order = memcmp(base + one->key, base + other->key, size < other_size ? size : other_size);
    return order ? order : (size > other_size) - (size < other_size);
}

static int add_entry(Parser *parser, size_t key, size_t value) {
    if (parser->entries_count == parser->entries_capacity) {
        size_t wanted = parser->entries_capacity * 2 + 64;
        Entry *larger = realloc(parser->entries, wanted * sizeof(Entry));
        if (!larger) return 0;
        parser->entries = larger;
        parser->entries_capacity = wanted;
    }
    uint32_t end = (uint32_t)parser->text.out.length;
    parser->entries[parser->entries_count++] = (Entry){(uint32_t)key, (uint32_t)value, end};
    return 1;
}

/* Sort entries, which are few, by insertion; -1: a key occurs twice, else whether they were sorted already. */
static int sort_entries(const uint8_t *base, Entry *entries, size_t count) {
    int was_sorted = 1;
    for (size_t i = 1; i < count; i++) {
        Entry moved = entries[i];
        size_t j = i;
        int order = 1;
        while (j && (order = compare_keys(base, &entries[j - 1], &moved)) > 0) {
            entries[j] = entries[j - 1];
            j--;
        }
        if (!order) return -1;
        if (j != i) was_sorted = 0;
        entries[j] = moved;
    }
    return was_sorted;
}

/* Write the map whose members are the entries from `first` on, and whose first byte was left free at `from`. */
static int close_map(Parser *parser, size_t first, size_t from) {
    Buffer *out = &parser->text.out;
    Entry *entries = parser->entries + first;
    size_t count = parser->entries_count - first, kept = 0, end = out->length, size = 0;
    int was_sorted = sort_entries(out->at, entries, count);
    if (was_sorted < 0) return 0;
    for (size_t i = 0; i < count; i++) {
        int is_null = entries[i].value == entries[i].end;
        kept += !is_null;
        size += is_null ? 0 : entries[i].end - entries[i].key;
    }
    if (!was_sorted || size != end - from - 1) {
        if (!reserve(out, size)) return 0;
        for (size_t i = 0; i < count; i++) {
            if (entries[i].value == entries[i].end) continue;
            memcpy(out->at + out->length, out->at + entries[i].key, entries[i].end - entries[i].key);
            out->length += entries[i].end - entries[i].key;
        }
        memmove(out->at + from + 1, out->at + end, size);
        out->length = from + 1 + size;
    }
    parser->entries_count = first;
    return close_item(out, from, MAP, kept);
}

/* From after a value: 1 where another follows, 0 at `closing`, REFUSED at anything else. */
static int goes_on(Text *text, uint8_t closing) {
    skip_space(text);
    if (text->p >= text->end) return REFUSED;
    uint8_t found = *text->p++;
    return found == ',' ? 1 : found == closing ? 0 : REFUSED;
}

/* Whether the object or list that was just opened ends at once. */
static int is_empty(Text *text, uint8_t closing) {
    skip_space(text);
    if (text->p >= text->end || *text->p != closing) return 0;
    text->p++;
    return 1;
}

/* A member's name and the colon after it. */
static int parse_key(Text *text) {
    skip_space(text);
    if (text->p >= text->end || *text->p != '"' || !string(text)) return 0;
    skip_space(text);
    return text->p < text->end && *text->p++ == ':';
}

static int parse_object(Parser *parser, int depth, int counts) {
    Text *text = &parser->text;
    size_t from = text->out.length, first = parser->entries_count;
    text->p++;
    if (!put_byte(&text->out, MAP)) return 0;
    for (int more = !is_empty(text, '}'); more;) {
        size_t key = text->out.length;
        if (!parse_key(text) || parser->entries_count - first == MOST_MEMBERS) return 0;
        size_t value = text->out.length;
        if (parse_value(parser, depth + 1, counts) < 0 || !add_entry(parser, key, value)) return 0;
        if ((more = goes_on(text, '}')) < 0) return 0;
    }
    return close_map(parser, first, from);
}

/* A list; its form, or REFUSED. */
static int parse_list(Parser *parser, int depth, int counts) {
    Text *text = &parser->text;
    size_t from = text->out.length;
    uint64_t count = 0;
    int form = LIST;
    text->p++;
    if (!put_byte(&text->out, ARRAY)) return REFUSED;
    for (int more = !is_empty(text, ']'); more; count++) {
        int found = parse_value(parser, depth + 1, counts);
        if (found < 0 || (!found && !put_byte(&text->out, NULL_BYTE))) return REFUSED;
        if (found == OBJECT) form = OBJECT;
        if ((more = goes_on(text, ']')) < 0) return REFUSED;
    }
    return close_item(&text->out, from, ARRAY, count) ? form : REFUSED;
}

static int parse_word(Text *text, const char *word, int byte) {
    size_t size = strlen(word);
    if ((size_t)(text->end - text->p) < size || memcmp(text->p, word, size)) return 0;
    text->p += size;
    return byte ? put_byte(&text->out, byte) : 1;
}

/* A value, of which nothing is written if it is null; its form, or REFUSED. `counts` 0: only what it is matters. */
static int parse_value(Parser *parser, int depth, int counts) {
    Text *text = &parser->text;
    skip_space(text);
    if (text->p >= text->end || depth > DEEPEST) return REFUSED;
    switch (*text->p) {
        case '"': return string(text) ? TEXT_FORM : REFUSED;
        case '{': return parse_object(parser, depth, counts) ? OBJECT : REFUSED;
        case '[': return parse_list(parser, depth, counts);
        case 't': return parse_word(text, "true", TRUE_BYTE) ? NUMBER : REFUSED;
        case 'f': return parse_word(text, "false", FALSE_BYTE) ? NUMBER : REFUSED;
        case 'n': return parse_word(text, "null", 0) ? NO_FORM : REFUSED;
        default: return number(text, counts) ? NUMBER : REFUSED;
    }
}

/* The number of a member's name, looked for from `next` on, as members mostly stand in one order; -1: unknown. */
static int find_name(const Lines *lines, const uint8_t *name, size_t size, int next) {
    for (int i = 0; i < lines->names_count; i++, next++) {
        if (next >= lines->names_count) next = 0;
        int32_t start = lines->bounds[next];
        size_t known = (size_t)(lines->bounds[next + 1] - start);
        if (known == size && !memcmp(lines->names + start, name, size)) return next;
    }
    return -1;
}

/* The number of the row's member whose key is at `key` in the buffer, or -1, and why in `parser->stop`. */
static int place_of(Parser *parser, Lines *lines, size_t key, int next) {
    const uint8_t *item = parser->text.out.at + key;
    size_t opened = item[0] < 0x78 ? 1 : item[0] == 0x78 ? 2 : 3, size = parser->text.out.length - key - opened;
    if (size > LONGEST_NAME) return -1;
    int place = find_name(lines, item + opened, size, next);
    if (place < 0) {
        parser->stop = UNKNOWN_NAME;
        memcpy(lines->unknown, item + opened, size);
        lines->unknown_size = (int64_t)size;
    }
    return place;
}

/* The value of the tokens field, which was written from `value` on. */
static int take_tokens(const Buffer *out, size_t value, int form, int64_t *tokens) {
    const uint8_t *item = out->at + value;
    if (form == NO_FORM) return 1;
    if (form != NUMBER || item[0] > 0x1a) return 0; /* not an integer from 0 to 2^32 - 1 */
    int width = item[0] < 24 ? 0 : 1 << (item[0] - 24);
    *tokens = width ? 0 : item[0];
    for (int i = 1; i <= width; i++) *tokens = *tokens << 8 | item[i];
    return 1;
}

static int parse_row(Parser *parser, Lines *lines) {
    Text *text = &parser->text;
    uint64_t seen = 0;
    int place = -1;
    if (lines->tokens) lines->tokens[lines->rows] = -1;
    text->p++;
    if (!put_byte(&text->out, MAP)) return 0;
    for (int more = !is_empty(text, '}'); more;) {
        size_t key = text->out.length;
        if (!parse_key(text) || (place = place_of(parser, lines, key, place + 1)) < 0) return 0;
        int counts = lines->counts[place], is_tokens = place == lines->tokens_name;
        if (counts == IS_RESERVED || seen >> place & 1) return 0;
        seen |= 1ull << place;
        size_t value = text->out.length;
        int form = parse_value(parser, 1, counts || is_tokens);
        if (form < 0) return 0;
        if (is_tokens && !take_tokens(&text->out, value, form, &lines->tokens[lines->rows])) return 0;
        lines->seen[place] |= (uint8_t)(WAS_SEEN | form);
        if (!(counts & form)) text->out.length = key;
        else if (!add_entry(parser, key, value)) return 0;
        if ((more = goes_on(text, '}')) < 0) return 0;
    }
    return close_map(parser, 0, 0);
}

/* Read rows from `lines->position` on: DONE; UNKNOWN_NAME, to be called again; or REFUSED, where a row is not plain. */
static int read_lines(Lines *lines) {
    Parser parser = {.stop = REFUSED};
    const uint8_t *end = lines->data + lines->size;
    if (lines->size > LARGEST_BLOCK || lines->names_count > MOST_NAMES) return REFUSED;
    while (lines->position < lines->size) {
        const uint8_t *start = lines->data + lines->position;
        const uint8_t *feed = memchr(start, '\n', (size_t)(end - start));
        parser.text.p = start;
        parser.text.end = feed ? feed : end;
        parser.text.out.length = parser.entries_count = 0;
        skip_space(&parser.text);
        if (parser.text.p < parser.text.end) {
            if (*parser.text.p != '{' || lines->rows == lines->capacity || !parse_row(&parser, lines)) break;
            skip_space(&parser.text);
            if (parser.text.p != parser.text.end) break;
            lines->sizes[lines->rows] = parser.text.out.length;
            put_id(lines->ids + ID_SIZE * lines->rows++, parser.text.out.at, parser.text.out.length);
        }
        lines->position = parser.text.end + 1 - lines->data;
    }
    free(parser.text.out.at);
    free(parser.entries);
    return lines->position < lines->size ? parser.stop : DONE;
}

#endif
