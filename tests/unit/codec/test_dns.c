/* codec/dns: questions are read safely, answers are what RFC 1035 says. */
#include "codec/dns.h"

#include "check.h"

#include <errno.h>
#include <string.h>

#define M(text) (const uint8_t *)(text), sizeof(text) - 1

/* Number 0x1234, recursion desired, one question for WeB.front A IN. */
#define HEAD(counts) "\x12\x34\x01\x00" counts
#define ONE          "\x00\x01\x00\x00\x00\x00\x00\x00"
#define NAME                                                                                       \
	"\x03WeB\x05"                                                                              \
	"front\x00"
#define QUESTION NAME "\x00\x01\x00\x01"

static const char good[] = HEAD(ONE) QUESTION;
enum { GOOD = sizeof(good) - 1 };

TEST(a_query_gives_its_name_in_lower_case_and_where_it_ends)
{
	struct dns_query q;

	CHECK_OK(dns_parse_query(M(HEAD(ONE) QUESTION), &q));
	CHECK_STR(q.name, "web.front");
	CHECK(q.is_plain && q.wants_recursion && !q.has_edns);
	CHECK_INT(q.id, 0x1234);
	CHECK_INT(q.type, DNS_A);
	CHECK_INT(q.class, DNS_IN);
	CHECK_INT(q.udp_size, DNS_UDP_MIN);
	CHECK_INT(q.question_end, GOOD);
}

TEST(edns_says_how_much_is_taken_but_never_less_than_512)
{
	struct dns_query q;

	CHECK_OK(dns_parse_query(M(HEAD("\x00\x01\x00\x00\x00\x00\x00\x01") QUESTION
				   "\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"),
				 &q));
	CHECK(q.has_edns);
	CHECK_INT(q.udp_size, 4096);
	CHECK_OK(dns_parse_query(M(HEAD("\x00\x01\x00\x00\x00\x00\x00\x01") QUESTION
				   "\x00\x00\x29\x00\x10\x00\x00\x00\x00\x00\x00"),
				 &q));
	CHECK_INT(q.udp_size, DNS_UDP_MIN);
}

TEST(a_broken_query_is_answered_with_an_error_or_not_at_all)
{
	static const struct {
		const uint8_t *msg;
		size_t len;
		int want;
	} all[] = {
		{ M(""), -EBADMSG },
		{ M("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00"), -EBADMSG },
		{ M("\x12\x34\x81\x00" ONE QUESTION), -EBADMSG }, /* an answer */
		{ M("\x12\x34\x11\x00" ONE QUESTION), DNS_NOTIMP },
		{ M(HEAD("\x00\x00\x00\x00\x00\x00\x00\x00")), DNS_FORMERR },
		{ M(HEAD("\x00\x02\x00\x00\x00\x00\x00\x00") QUESTION QUESTION), DNS_FORMERR },
		{ M(HEAD("\x00\x01\x00\x01\x00\x00\x00\x00") QUESTION), DNS_FORMERR },
		{ M(HEAD(ONE)), DNS_FORMERR },
		{ M(HEAD(ONE) "\x03we"), DNS_FORMERR },
		{ M(HEAD(ONE) NAME "\x00\x01\x00"), DNS_FORMERR },
		{ M(HEAD(ONE) "\x40"), DNS_FORMERR },
		{ M(HEAD(ONE) "\xc0\x0c\x00\x01\x00\x01"), DNS_FORMERR },      /* to itself */
		{ M(HEAD(ONE) "\xc0\x00\x00\x01\x00\x01"), DNS_FORMERR },      /* into the head */
		{ M(HEAD(ONE) "\xc0\x20\x00\x01\x00\x01"), DNS_FORMERR },      /* forward */
		{ M(HEAD(ONE) "\x01w\xc0\x0c\x00\x01\x00\x01"), DNS_FORMERR }, /* a loop */
		{ M(HEAD(ONE) "\xc0"), DNS_FORMERR },
		{ M(HEAD("\x00\x01\x00\x00\x00\x00\x00\x01") QUESTION), DNS_FORMERR },
		/* OPT twice, of another name, and longer than the message */
		{ M(HEAD("\x00\x01\x00\x00\x00\x00\x00\x02") QUESTION
		    "\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"
		    "\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"),
		  DNS_FORMERR },
		{ M(HEAD("\x00\x01\x00\x00\x00\x00\x00\x01") QUESTION
		    "\x01x\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"),
		  DNS_FORMERR },
		{ M(HEAD("\x00\x01\x00\x00\x00\x00\x00\x01") QUESTION
		    "\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x01"),
		  DNS_FORMERR },
	};
	struct dns_query q;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		CHECK_INT(dns_parse_query(all[i].msg, all[i].len, &q), all[i].want);
}

/* 255 bytes in wire form are a name, 256 are none. */
TEST(a_name_has_255_bytes_at_most)
{
	uint8_t msg[512] = "\x12\x34\x01\x00" ONE, *p = msg + DNS_HEADER;
	struct dns_query q;

	for (int i = 0; i < 3; i++, p += 64) {
		p[0] = 63;
		memset(p + 1, 'a', 63);
	}
	p[0] = 61;
	memset(p + 1, 'b', 61);
	memcpy(p + 62, "\x00\x00\x01\x00\x01", 5);
	CHECK_OK(dns_parse_query(msg, DNS_HEADER + 255 + 4, &q));
	CHECK_INT(strlen(q.name), DNS_NAME_MAX - 1);
	p[0] = 62;
	memcpy(p + 63, "\x00\x00\x01\x00\x01", 5);
	CHECK_INT(dns_parse_query(msg, DNS_HEADER + 256 + 4, &q), DNS_FORMERR);
}

TEST(labels_with_other_bytes_have_no_text)
{
	static const struct {
		const uint8_t *msg;
		size_t len;
	} all[] = {
		{ M(HEAD(ONE) "\x03w.b\x00\x00\x01\x00\x01") },
		{ M(HEAD(ONE) "\x03w\x00"
			      "b\x00\x00\x01\x00\x01") },
		{ M(HEAD(ONE) "\x03w b\x00\x00\x01\x00\x01") },
		{ M(HEAD(ONE) "\x03w\xff"
			      "b\x00\x00\x01\x00\x01") },
	};
	struct dns_query q;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK_OK(dns_parse_query(all[i].msg, all[i].len, &q));
		CHECK(!q.is_plain);
		CHECK_STR(q.name, "");
	}
}

TEST(compressed_names_are_read_backwards_only)
{
	static const char msg[] = "............\x03web\x00\x02my\xc0\x0c\x01x\xc0\x11\xc0\x1d";
	uint8_t name[DNS_WIRE_MAX];
	size_t at = 17;

	CHECK_INT(dns_read_name(M(msg), &at, name), 8);
	assert_memory_equal(name, "\x02my\x03web", 8);
	CHECK_INT(at, 22);
	CHECK_INT(dns_read_name(M(msg), &at, name), 10);
	assert_memory_equal(name, "\x01x\x02my\x03web", 10);
	CHECK_INT(dns_read_name(M(msg), &at, name), -EBADMSG);
}

TEST(an_answer_repeats_the_question_and_points_to_it)
{
	uint8_t out[DNS_UDP_MIN];
	struct dns_answer a;
	struct dns_query q;

	CHECK_OK(dns_parse_query((const uint8_t *)good, GOOD, &q));
	dns_answer_begin(&a, out, sizeof(out), (const uint8_t *)good, &q, DNS_NOERROR);
	dns_answer_add(&a, DNS_A, 600, "\x0a\x01\x00\x02", 4);
	CHECK_INT(dns_answer_end(&a), GOOD + 16);
	assert_memory_equal(out, "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" QUESTION, GOOD);
	assert_memory_equal(out + GOOD,
			    "\xc0\x0c\x00\x01\x00\x01\x00\x00\x02\x58\x00\x04\x0a\x01\x00\x02", 16);
	CHECK_OK(dns_check_reply(out, GOOD + 16, (const uint8_t *)good, GOOD));
}

TEST(an_answer_that_does_not_fit_is_truncated_and_has_its_edns_still)
{
	static const char query[] = HEAD("\x00\x01\x00\x00\x00\x00\x00\x01") QUESTION
		"\x00\x00\x29\x02\x00\x00\x00\x00\x00\x00\x00";
	uint8_t out[DNS_UDP_MIN];
	struct dns_answer a;
	struct dns_query q;

	CHECK_OK(dns_parse_query(M(query), &q));
	dns_answer_begin(&a, out, sizeof(out), (const uint8_t *)query, &q, DNS_NOERROR);
	for (int i = 0; i < 100; i++)
		dns_answer_add(&a, DNS_A, 600, "\x0a\x01\x00\x02", 4);
	CHECK(a.is_truncated);
	CHECK_INT(a.records, (DNS_UDP_MIN - GOOD - 11) / 16);
	CHECK_INT(dns_answer_end(&a), GOOD + 16 * a.records + 11);
	CHECK_INT(out[2] & 2, 2);
	CHECK_INT(out[11], 1);
}

TEST(a_pointer_has_the_name_in_wire_form)
{
	uint8_t out[DNS_UDP_MIN];
	struct dns_answer a;
	struct dns_query q;

	CHECK_OK(dns_parse_query((const uint8_t *)good, GOOD, &q));
	dns_answer_begin(&a, out, sizeof(out), (const uint8_t *)good, &q, DNS_NOERROR);
	CHECK_OK(dns_answer_add_pointer(&a, 600, "Web.front", 9));
	assert_memory_equal(out + GOOD + 10,
			    "\x00\x0b\x03Web\x05"
			    "front\x00",
			    13);
	CHECK_INT(dns_answer_add_pointer(&a, 600, "", 0), -EINVAL);
	CHECK_INT(dns_answer_add_pointer(&a, 600, "a..b", 4), -EINVAL);
	CHECK_INT(dns_answer_add_pointer(&a, 600, "a.", 2), -EINVAL);
	CHECK_INT(dns_answer_add_pointer(
			  &a, 600,
			  "0123456789012345678901234567890123456789012345678901234567890123", 64),
		  -EINVAL);
}

TEST(a_reply_is_believed_when_number_question_and_kind_are_right)
{
	static const struct {
		const uint8_t *msg;
		size_t len;
		int want;
	} all[] = {
		{ M("\x12\x34\x81\x80" ONE QUESTION), DNS_NOERROR },
		{ M("\x12\x34\x81\x83" ONE "\x03web\x05"
		    "FRONT\x00\x00\x01\x00\x01"),
		  DNS_NXDOMAIN },
		{ M("\x12\x34\x81\x85\x00\x00\x00\x00\x00\x00\x00\x00"), DNS_REFUSED },
		{ M("\x12\x34\x81\x80\x00\x00\x00\x00\x00\x00\x00\x00"), -EBADMSG },
		{ M("\x12\x35\x81\x80" ONE QUESTION), -EBADMSG },
		{ M("\x12\x34\x01\x80" ONE QUESTION), -EBADMSG },
		{ M("\x12\x34\x89\x80" ONE QUESTION), -EBADMSG },
		{ M("\x12\x34\x81\x80" ONE NAME "\x00\x1c\x00\x01"), -EBADMSG },
		{ M("\x12\x34\x81\x80" ONE "\x03wex\x05"
		    "front\x00\x00\x01\x00\x01"),
		  -EBADMSG },
		{ M("\x12\x34\x81\x80" ONE NAME "\x00\x01"), -EBADMSG },
		{ M("\x12\x34\x81"), -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		CHECK_INT(dns_check_reply(all[i].msg, all[i].len, (const uint8_t *)good, GOOD),
			  all[i].want);
}

TEST(reverse_names_are_addresses_when_they_are_whole)
{
	static const uint8_t v4[16] = { [10] = 0xff, 0xff, 172, 18, 0, 2 };
	static const uint8_t v6[16] = { 0xfd, [15] = 0x1a };
	static const char *const none[] = {
		"",
		"in-addr.arpa",
		"0.18.172.in-addr.arpa",
		"2.0.18.256.in-addr.arpa",
		"02.0.18.172.in-addr.arpa",
		"2..18.172.in-addr.arpa",
		"1.2.0.18.172.in-addr.arpa",
		"2.0.18.172.in-addr.arpa.net",
		"a.1.ip6.arpa",
		"x.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
	};
	uint8_t got[16];

	CHECK(dns_reverse_address("2.0.18.172.in-addr.arpa", got));
	assert_memory_equal(got, v4, 16);
	CHECK(dns_reverse_address(
		"a.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", got));
	assert_memory_equal(got, v6, 16);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(!dns_reverse_address(none[i], got));
}

TESTS(T(a_query_gives_its_name_in_lower_case_and_where_it_ends),
      T(edns_says_how_much_is_taken_but_never_less_than_512),
      T(a_broken_query_is_answered_with_an_error_or_not_at_all), T(a_name_has_255_bytes_at_most),
      T(labels_with_other_bytes_have_no_text), T(compressed_names_are_read_backwards_only),
      T(an_answer_repeats_the_question_and_points_to_it),
      T(an_answer_that_does_not_fit_is_truncated_and_has_its_edns_still),
      T(a_pointer_has_the_name_in_wire_form),
      T(a_reply_is_believed_when_number_question_and_kind_are_right),
      T(reverse_names_are_addresses_when_they_are_whole))
