/*
 * retry.c - what is tried again, when, and how often
 */
#include "registry/retry.h"

#include "model/registry_doc.h"

enum {
	DELAY_FIRST_MS = 500,
	DELAY_MOST_MS = 30000,
	DELAY_DOUBLINGS = 6,
	/* Who asks for more is told to the user instead. */
	AFTER_MOST_S = 120,
};

static bool is_transient_status(int status)
{
	return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
	       status == 504;
}

bool retry_is_transient(int r, const struct http_answer *answer)
{
	if (r < 0)
		return (r == -ENETUNREACH || r == -ETIMEDOUT) && !answer->refused_trust;
	return is_transient_status(answer->status) && answer->retry_after <= AFTER_MOST_S;
}

int64_t retry_delay_ms(int failures, int64_t retry_after)
{
	int doublings = failures - 1 < DELAY_DOUBLINGS ? failures - 1 : DELAY_DOUBLINGS;
	int64_t ms = (int64_t)DELAY_FIRST_MS << doublings;

	if (ms > DELAY_MOST_MS)
		ms = DELAY_MOST_MS;
	return retry_after >= 0 && retry_after * 1000 > ms ? retry_after * 1000 : ms;
}

int retry_again(struct retry *t, int r, const struct http_answer *answer, struct err *err)
{
	int64_t delay;
	struct err why = *err;

	if (!retry_is_transient(r, answer) || ++t->failures >= t->attempts)
		return 0;
	delay = retry_delay_ms(t->failures, r == 0 ? answer->retry_after : -1);
	if (r == 0)
		(void)err_set(&why, -ENETUNREACH, "status %d", answer->status);
	if (t->say) {
		struct err line;

		(void)err_set(&line, -EAGAIN, "%.300s; trying again in %.1f s", why.msg,
			      (double)delay / 1000);
		t->say(t->ctx, line.msg);
	}
	r = http_pause(t->http, delay, err);
	return r < 0 ? r : 1;
}

int retry_exchange(struct retry *t, const struct http_request *q, struct arena *a,
		   struct http_answer *ret, struct err *err)
{
	for (;;) {
		int r = http_exchange(t->http, q, a, ret, err);
		int again = retry_again(t, r, ret, err);

		if (again <= 0)
			return again < 0 ? again : r;
	}
}

static int code_of(int status, const char *code)
{
	static const struct {
		const char *name;
		int code;
	} names[] = {
		{ "UNAUTHORIZED", -EACCES },    { "DENIED", -EACCES },
		{ "NAME_UNKNOWN", -ENOENT },    { "MANIFEST_UNKNOWN", -ENOENT },
		{ "BLOB_UNKNOWN", -ENOENT },    { "BLOB_UPLOAD_UNKNOWN", -ENOENT },
		{ "TOOMANYREQUESTS", -EDQUOT },
	};

	if (status == 401 || status == 403)
		return -EACCES;
	if (status == 429)
		return -EDQUOT;
	if (status >= 500 || status == 408)
		return -ENETUNREACH;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(names[i].name, code))
			return names[i].code;
	return status == 404 ? -ENOENT : -EPROTO;
}

int retry_answer_error(const struct http_answer *answer, const char *what, struct arena *a,
		       struct err *err)
{
	const char *code = "";
	const char *said = registry_doc_errors(answer->body, answer->body_len, a, &code);
	int r = code_of(answer->status, code);

	if (r == -EDQUOT && answer->retry_after > 0)
		return err_set(err, r, "%s: %s (try again in %lld s)", what,
			       said ? said : "too many requests", (long long)answer->retry_after);
	/* A HEAD has no text. */
	if (!said && answer->status == 401)
		said = "unauthorized: authentication required; see 'berth login'";
	if (!said && answer->status == 403)
		said = "denied: requested access to the resource is denied";
	if (said)
		return err_set(err, r, "%s: %s", what, said);
	return err_set(err, r, "%s: the registry answers with status %d", what, answer->status);
}
