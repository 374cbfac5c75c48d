/*
 * dns.h - messages of the Domain Name System, as far as a resolver for containers needs them
 *
 * RFC 1035 (messages), RFC 3596 (AAAA), RFC 6891 (EDNS). Everything works in the caller's memory;
 * nothing is allocated. A message comes from anybody: names are read with a limit on their length
 * and only along compression pointers that lead backwards, so that no message makes us loop.
 */
#ifndef CODEC_DNS_H
#define CODEC_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNS_HEADER = 12,
	DNS_WIRE_MAX = 255, /* a name: labels with their lengths, and the empty one at the end */
	DNS_NAME_MAX = 254, /* the same as text, without the last dot and with a NUL */
	DNS_UDP_MIN = 512,  /* what everybody takes over UDP */
	DNS_MESSAGE_MAX = 65535,
};

enum dns_type {
	DNS_A = 1,
	DNS_PTR = 12,
	DNS_AAAA = 28,
	DNS_OPT = 41,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
};
enum { DNS_IN = 1 };

enum dns_rcode {
	DNS_NOERROR,
	DNS_FORMERR,
	DNS_SERVFAIL,
	DNS_NXDOMAIN,
	DNS_NOTIMP,
	DNS_REFUSED,
};

/* A question as it was asked. */
struct dns_query {
	uint16_t id;
	uint16_t type, class;
	bool wants_recursion;
	bool has_edns;
	uint16_t udp_size;       /* the largest answer over UDP that is taken, 512 or more */
	size_t question_end;     /* where the question section ends; DNS_HEADER when it has none */
	char name[DNS_NAME_MAX]; /* lower case; "" for the root, and when is_plain is false */
	bool is_plain;           /* every byte stands for itself; no label has a dot in it */
};

/*
 * 0: a query. DNS_FORMERR, DNS_NOTIMP: to be answered with that (dns_answer_begin()), since the
 * message is broken or is no query. Negative (-EBADMSG): it gets no answer, for it has no whole
 * header or is an answer itself.
 */
int dns_parse_query(const uint8_t *msg, size_t len, struct dns_query *ret);

/*
 * Reads the name at *pos into lower case in wire form; *pos is behind it then. Returns its length,
 * or -EBADMSG.
 */
int dns_read_name(const uint8_t *msg, size_t len, size_t *pos, uint8_t ret[DNS_WIRE_MAX]);

/*
 * Whether an answer is one to this query: the rcode (0 and more), or -EBADMSG when its number,
 * its question or its kind is another. A refusal may leave out the question.
 */
int dns_check_reply(const uint8_t *reply, size_t len, const uint8_t *query, size_t query_len);

/* The number of a message, which has a whole header. */
uint16_t dns_id(const uint8_t *msg);
void dns_set_id(uint8_t *msg, uint16_t id);

/* An answer that is being written. */
struct dns_answer {
	uint8_t *msg;
	size_t len, size; /* size: room for all of it; less than what is there: is_truncated */
	uint16_t records;
	bool is_truncated;
	bool has_edns;
};

/*
 * Begins the answer to a query, whose message is needed for its question, in at most size bytes
 * (512 or more). An error is the same with its rcode, and no records.
 */
void dns_answer_begin(struct dns_answer *a, uint8_t *out, size_t size, const uint8_t *query_msg,
		      const struct dns_query *q, enum dns_rcode rcode);
/* A record for the name that was asked: data as it is on the wire. What does not fit truncates. */
void dns_answer_add(struct dns_answer *a, uint16_t type, uint32_t ttl, const void *data,
		    size_t len);
/* A PTR record to a name of len bytes, whose labels are parted by dots. -EINVAL when it is none. */
int dns_answer_add_pointer(struct dns_answer *a, uint32_t ttl, const char *name, size_t len);
/* The whole length of the message. */
size_t dns_answer_end(struct dns_answer *a);

/*
 * The address that a name for reverse look-ups stands for ("2.0.18.172.in-addr.arpa", or 32 digits
 * and ".ip6.arpa"): 16 bytes, IPv4 as ::ffff:a.b.c.d. False: it is no whole address.
 */
bool dns_reverse_address(const char *name, uint8_t ret[16]);

#endif
