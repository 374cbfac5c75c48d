/*
 * dns.c - messages of the Domain Name System
 */
#include "codec/dns.h"

#include <errno.h>
#include <string.h>

enum {
	FLAG_QR = 0x8000,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	OPCODE = 0x7800,
	RCODE = 0x000f,
	LABEL_MAX = 63,
	POINTER = 0xc0,
	OPT_LEN = 11,
	/* What we say that we take: more would be sent in fragments on most paths. */
	OPT_UDP_SIZE = 1232,
	NAME_AT_QUESTION = POINTER << 8 | DNS_HEADER,
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

uint16_t dns_id(const uint8_t *msg)
{
	return get16(msg);
}

void dns_set_id(uint8_t *msg, uint16_t id)
{
	put16(msg, id);
}

/* -- names -- */

static void copy_label(const uint8_t *label, uint8_t *out)
{
	out[0] = label[0];
	for (uint8_t i = 1; i <= label[0]; i++)
		out[i] = lower(label[i]);
}

int dns_read_name(const uint8_t *msg, size_t len, size_t *pos, uint8_t ret[DNS_WIRE_MAX])
{
	size_t at = *pos, limit = *pos, n = 0, end = 0;

	for (;;) {
		if (at >= len)
			return -EBADMSG;
		if ((msg[at] & POINTER) == POINTER) {
			if (at + 2 > len)
				return -EBADMSG;
			if (!end)
				end = at + 2;
			at = (size_t)get16(msg + at) & 0x3fff;
			/* Always further back than all before: there is an end to it. */
			if (at >= limit || at < DNS_HEADER)
				return -EBADMSG;
			limit = at;
			continue;
		}
		if (msg[at] > LABEL_MAX || at + 1 + msg[at] > len || n + 1 + msg[at] > DNS_WIRE_MAX)
			return -EBADMSG;
		copy_label(msg + at, ret + n);
		n += 1 + (size_t)msg[at];
		if (msg[at] == 0) {
			*pos = end ? end : at + 1;
			return (int)n;
		}
		at += 1 + (size_t)msg[at];
	}
}

static bool is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '.';
}

/* Wire form to text; false when a byte would not stand for itself. */
static bool to_text(const uint8_t *wire, char out[DNS_NAME_MAX])
{
	size_t n = 0;

	while (*wire) {
		if (n)
			out[n++] = '.';
		for (uint8_t i = 1; i <= *wire; i++) {
			if (!is_plain(wire[i])) {
				out[0] = '\0';
				return false;
			}
			out[n++] = (char)wire[i];
		}
		wire += 1 + *wire;
	}
	out[n] = '\0';
	return true;
}

/* Text to wire form: the length, or -EINVAL. */
static int to_wire(const char *name, size_t len, uint8_t out[DNS_WIRE_MAX])
{
	size_t n = 0;

	if (len == 0 || len > DNS_NAME_MAX - 1)
		return -EINVAL;
	for (size_t at = 0; at < len;) {
		const char *dot = memchr(name + at, '.', len - at);
		size_t label = dot ? (size_t)(dot - (name + at)) : len - at;

		if (label == 0 || label > LABEL_MAX || (dot && at + label + 1 == len))
			return -EINVAL;
		out[n++] = (uint8_t)label;
		memcpy(out + n, name + at, label);
		n += label;
		at += label + 1;
	}
	out[n++] = 0;
	return (int)n;
}

/* -- queries -- */

/* The OPT record, if it is where it has to be: among the additional ones of a query without others.
 */
static int read_edns(const uint8_t *msg, size_t len, struct dns_query *q)
{
	size_t at = q->question_end, fixed = 10;
	unsigned additional = get16(msg + 10);
	uint8_t name[DNS_WIRE_MAX];

	for (unsigned i = 0; i < additional; i++) {
		int n = dns_read_name(msg, len, &at, name);

		if (n < 0 || at + fixed > len || at + fixed + get16(msg + at + 8) > len)
			return -EBADMSG;
		if (get16(msg + at) == DNS_OPT) {
			if (q->has_edns || n != 1)
				return -EBADMSG; /* at most one, of the root */
			q->has_edns = true;
			if (get16(msg + at + 2) > DNS_UDP_MIN)
				q->udp_size = get16(msg + at + 2);
		}
		at += fixed + get16(msg + at + 8);
	}
	return 0;
}

int dns_parse_query(const uint8_t *msg, size_t len, struct dns_query *ret)
{
	struct dns_query q = { .udp_size = DNS_UDP_MIN, .question_end = DNS_HEADER };
	uint8_t name[DNS_WIRE_MAX];
	size_t at = DNS_HEADER;
	uint16_t flags;

	if (len < DNS_HEADER || len > DNS_MESSAGE_MAX || (get16(msg + 2) & FLAG_QR))
		return -EBADMSG;
	flags = get16(msg + 2);
	q.id = get16(msg);
	q.wants_recursion = flags & FLAG_RD;
	*ret = q;
	if (flags & OPCODE)
		return DNS_NOTIMP;
	if (get16(msg + 4) != 1 || get16(msg + 6) || get16(msg + 8) ||
	    dns_read_name(msg, len, &at, name) < 0 || at + 4 > len)
		return DNS_FORMERR;
	q.type = get16(msg + at);
	q.class = get16(msg + at + 2);
	q.question_end = at + 4;
	q.is_plain = to_text(name, q.name);
	*ret = q;
	if (read_edns(msg, len, &q) < 0)
		return DNS_FORMERR;
	*ret = q;
	return 0;
}

/* -- replies -- */

static bool same_question(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	uint8_t a_name[DNS_WIRE_MAX], b_name[DNS_WIRE_MAX];
	size_t a_at = DNS_HEADER, b_at = DNS_HEADER;
	int n = dns_read_name(a, a_len, &a_at, a_name);

	if (n < 0 || dns_read_name(b, b_len, &b_at, b_name) != n ||
	    memcmp(a_name, b_name, (size_t)n))
		return false;
	return a_at + 4 <= a_len && b_at + 4 <= b_len && memcmp(a + a_at, b + b_at, 4) == 0;
}

int dns_check_reply(const uint8_t *reply, size_t len, const uint8_t *query, size_t query_len)
{
	uint16_t flags, questions;

	if (len < DNS_HEADER || query_len < DNS_HEADER || get16(reply) != get16(query))
		return -EBADMSG;
	flags = get16(reply + 2);
	questions = get16(reply + 4);
	if (!(flags & FLAG_QR) || ((flags ^ get16(query + 2)) & OPCODE))
		return -EBADMSG;
	if (questions == 0 && (flags & RCODE) != DNS_NOERROR && (flags & RCODE) != DNS_NXDOMAIN)
		return flags & RCODE;
	if (questions != 1 || !same_question(reply, len, query, query_len))
		return -EBADMSG;
	return flags & RCODE;
}

/* -- answers -- */

static size_t room(const struct dns_answer *a)
{
	size_t kept = a->has_edns ? OPT_LEN : 0;

	return a->size > a->len + kept ? a->size - a->len - kept : 0;
}

void dns_answer_begin(struct dns_answer *a, uint8_t *out, size_t size, const uint8_t *query_msg,
		      const struct dns_query *q, enum dns_rcode rcode)
{
	size_t question = q->question_end - DNS_HEADER;
	uint16_t flags = (uint16_t)(FLAG_QR | FLAG_RA | rcode);

	*a = (struct dns_answer){ .msg = out, .size = size, .has_edns = q->has_edns };
	memset(out, 0, DNS_HEADER);
	put16(out, q->id);
	/* An operation that is not known is named again. */
	flags |= (uint16_t)(get16(query_msg + 2) & (OPCODE | FLAG_RD));
	put16(out + 2, flags);
	put16(out + 4, question ? 1 : 0);
	/* The case of its letters is the asker's to check. */
	memcpy(out + DNS_HEADER, query_msg + DNS_HEADER, question);
	a->len = DNS_HEADER + question;
}

void dns_answer_add(struct dns_answer *a, uint16_t type, uint32_t ttl, const void *data, size_t len)
{
	uint8_t *p = a->msg + a->len;

	if (a->is_truncated || len > UINT16_MAX || room(a) < 12 + len || a->records == UINT16_MAX) {
		a->is_truncated = true;
		return;
	}
	put16(p, NAME_AT_QUESTION);
	put16(p + 2, type);
	put16(p + 4, DNS_IN);
	put16(p + 6, (uint16_t)(ttl >> 16));
	put16(p + 8, (uint16_t)ttl);
	put16(p + 10, (uint16_t)len);
	memcpy(p + 12, data, len);
	a->len += 12 + len;
	a->records++;
}

int dns_answer_add_pointer(struct dns_answer *a, uint32_t ttl, const char *name, size_t len)
{
	uint8_t wire[DNS_WIRE_MAX];
	int n = to_wire(name, len, wire);

	if (n < 0)
		return n;
	dns_answer_add(a, DNS_PTR, ttl, wire, (size_t)n);
	return 0;
}

size_t dns_answer_end(struct dns_answer *a)
{
	uint8_t *p = a->msg + a->len;

	put16(a->msg + 6, a->records);
	if (a->is_truncated)
		put16(a->msg + 2, get16(a->msg + 2) | FLAG_TC);
	if (!a->has_edns)
		return a->len;
	memset(p, 0, OPT_LEN);
	put16(p + 1, DNS_OPT);
	put16(p + 3, OPT_UDP_SIZE);
	put16(a->msg + 10, 1);
	a->len += OPT_LEN;
	return a->len;
}

/* -- reverse look-ups -- */

/* Four numbers, the last byte of the address first. */
static bool read_v4(const char *name, size_t len, uint8_t ret[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	size_t at = 0;

	for (int i = 15; i >= 12; i--) {
		unsigned value = 0;
		size_t begin = at;

		while (at < len && name[at] >= '0' && name[at] <= '9' && at - begin < 3)
			value = value * 10 + (unsigned)(name[at++] - '0');
		if (at == begin || value > 255 || (name[begin] == '0' && at - begin > 1))
			return false;
		if (i > 12 && (at >= len || name[at++] != '.'))
			return false;
		ret[i] = (uint8_t)value;
	}
	memcpy(ret, mapped, sizeof(mapped));
	return at == len;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 digits with dots between them, the last of the address first. */
static bool read_v6(const char *name, size_t len, uint8_t ret[16])
{
	if (len != 63)
		return false;
	for (size_t i = 0; i < 16; i++) {
		const char *p = name + 4 * (15 - i);
		int low = digit(p[0]), high = digit(p[2]);

		if (low < 0 || high < 0 || p[1] != '.' || (i > 0 && p[3] != '.'))
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* How long what stands before the ending is; 0: it has another. */
static size_t before(const char *name, const char *ending)
{
	size_t len = strlen(name), n = strlen(ending);

	return len > n && strcmp(name + len - n, ending) == 0 ? len - n : 0;
}

bool dns_reverse_address(const char *name, uint8_t ret[16])
{
	size_t v4 = before(name, ".in-addr.arpa"), v6 = before(name, ".ip6.arpa");

	if (v4)
		return read_v4(name, v4, ret);
	return v6 && read_v6(name, v6, ret);
}
