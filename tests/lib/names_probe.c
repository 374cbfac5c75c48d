/*
 * names_probe.c - what an engine does for names in networks, one step at a time, for tests
 *
 *	names_probe publish STATE NETWORK NAME KIND CONTAINER V4 V6 NAME... [ALIAS=TARGET]...
 *	names_probe withdraw STATE NETWORK CONTAINER
 *	names_probe withdraw-all STATE CONTAINER
 *	names_probe many STATE NETWORK NAME COUNT     c0, c1, ... of containers of that number
 *	names_probe fewer STATE COUNT                 takes them back
 *	names_probe send HEX                          to port 53 of 127.0.0.11; prints the answer's hex
 *	names_probe flood COUNT                       COUNT questions at once, each for another name
 *	names_probe visible STATE NETWORK NAME ROUNDS how long until an answer has a new name
 *	names_probe ask NAME COUNT                    what a question costs
 *
 * KIND is "open", "internal" or "nameless"; an address "-" is none.
 *
 * As berth-shim in BERTH_LIBEXEC it stands in for that: it adds to the plan what an engine with
 * networks would, and goes on as the real one. Files beside it say what: "shim", the path of the
 * real one; "netns", the network namespace that the container joins; "servers", those that its
 * resolver asks ("A B", or nothing); "publish", lines of "NETWORK NAME KIND V4 V6 NAME...".
 */
#include "base/mem.h"
#include "base/own.h"
#include "codec/dns.h"
#include "model/shim_plan.h"
#include "net/names.h"
#include "sys/file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

enum { WORDS_MAX = 64, ANSWER_S = 10 };

static int fail(const struct err *err)
{
	(void)fprintf(stderr, "names_probe: %s\n", err->msg);
	return 1;
}

/* -- names -- */

static const uint8_t *address(int family, const char *text, uint8_t room[16])
{
	return inet_pton(family, text, room) == 1 ? room : NULL;
}

/* words: NETWORK NAME KIND, then V4 V6 NAME... */
static int publish(const char *state, char **words, const char *container, char **rest, int n)
{
	struct names_network network = {
		.id = words[0],
		.name = words[1],
		.is_internal = strcmp(words[2], "internal") == 0,
		.is_nameless = strcmp(words[2], "nameless") == 0,
	};
	const char *names[WORDS_MAX];
	struct name_index_link links[WORDS_MAX];
	uint8_t v4[16], v6[16];
	struct name_index_new e = { .id = container, .names = names, .links = links };
	struct err err = ERR_INIT;

	e.v4 = address(AF_INET, rest[0], v4);
	e.v6 = address(AF_INET6, rest[1], v6);
	for (int i = 2; i < n; i++) {
		char *equals = strchr(rest[i], '=');

		if (!equals) {
			names[e.n_names++] = rest[i];
			continue;
		}
		*equals = '\0';
		links[e.n_links++] = (struct name_index_link){ rest[i], equals + 1 };
	}
	return names_publish(state, &network, &e, &err) < 0 ? fail(&err) : 0;
}

static int publish_many(const char *state, char **words, int count)
{
	for (int i = 0; i < count; i++) {
		char id[65], dir[4096], name[16], v4[32], none[] = "-";
		char *rest[] = { v4, none, name };

		(void)snprintf(id, sizeof(id), "%012d%052d", i, i);
		(void)snprintf(dir, sizeof(dir), "%s/c/%s", state, id);
		(void)snprintf(name, sizeof(name), "c%d", i);
		(void)snprintf(v4, sizeof(v4), "10.9.%d.%d", i / 250, i % 250 + 1);
		if (mkdir(dir, 0700) < 0 || publish(state, words, id, rest, 3) != 0)
			return 1;
	}
	return 0;
}

static int withdraw_many(const char *state, int count)
{
	for (int i = 0; i < count; i++) {
		char id[65], dir[4096];
		struct err err = ERR_INIT;

		(void)snprintf(id, sizeof(id), "%012d%052d", i, i);
		(void)snprintf(dir, sizeof(dir), "%s/c/%s", state, id);
		if (names_withdraw_all(state, id, &err) < 0)
			return fail(&err);
		(void)rmdir(dir);
	}
	return 0;
}

/* -- questions -- */

static const struct sockaddr_in *resolver(void)
{
	static struct sockaddr_in at = { .sin_family = AF_INET };

	at.sin_port = htons(53);
	at.sin_addr.s_addr = htonl(NAMES_ADDRESS);
	return &at;
}

static int connect_to_resolver(void)
{
	struct timeval t = { .tv_sec = ANSWER_S };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	if (connect(fd, (const struct sockaddr *)resolver(), sizeof(*resolver())) < 0)
		perror("names_probe: connect");
	return fd;
}

static int send_hex(const char *hex)
{
	OWN(fd) int fd = connect_to_resolver();
	uint8_t message[65536], answer[65536];
	size_t len = strlen(hex) / 2;
	ssize_t n;

	for (size_t i = 0; i < len; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &message[i]) != 1)
			return 1;
	if (send(fd, message, len, 0) < 0)
		return 1;
	n = recv(fd, answer, sizeof(answer), 0);
	for (ssize_t i = 0; i < n; i++)
		printf("%02x", answer[i]);
	printf("\n");
	return n < 0;
}

/* One for the addresses of a name of one label. */
static size_t make_query(uint8_t *out, uint16_t id, const char *name)
{
	static const uint8_t head[DNS_HEADER] = { [2] = 1, [5] = 1 };
	static const uint8_t tail[] = { 0, 0, DNS_A, 0, DNS_IN };
	size_t n = strlen(name);

	memcpy(out, head, sizeof(head));
	dns_set_id(out, id);
	out[DNS_HEADER] = (uint8_t)n;
	memcpy(out + DNS_HEADER + 1, name, n);
	memcpy(out + DNS_HEADER + 1 + n, tail, sizeof(tail));
	return DNS_HEADER + 1 + n + sizeof(tail);
}

/* Counts the answers by their rcode. */
static int flood(int count)
{
	OWN(fd) int fd = connect_to_resolver();
	int rcodes[16] = { 0 }, size = 1 << 24;
	uint8_t m[512];

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	for (int i = 0; i < count; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "x%d", i);
		(void)!send(fd, m, make_query(m, (uint16_t)i, name), 0);
	}
	for (int i = 0; i < count && recv(fd, m, sizeof(m), 0) > DNS_HEADER; i++)
		rcodes[m[3] & 15]++;
	printf("noerror %d servfail %d\n", rcodes[DNS_NOERROR], rcodes[DNS_SERVFAIL]);
	return 0;
}

/* -- time -- */

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Asks until the answer has a record. */
static int wait_for(int fd, const char *name)
{
	uint8_t m[512];

	do {
		size_t len = make_query(m, 7, name);

		if (send(fd, m, len, 0) < 0 || recv(fd, m, sizeof(m), 0) < DNS_HEADER)
			return 1;
	} while (m[7] == 0);
	return 0;
}

/* A file of that size, written and renamed. */
static void write_bare(int dir, const char *state, const char *network)
{
	char path[4096];
	struct stat st;
	char *data;

	(void)snprintf(path, sizeof(path), "%s/" NAMES_DIR "/%s", state, network);
	if (stat(path, &st) < 0)
		return;
	data = mem_alloc((size_t)st.st_size);
	(void)file_write_at(dir, "bare", data, (size_t)st.st_size, 0600, 0);
	free(data);
}

static int measure(const char *state, char **words, int rounds)
{
	OWN(fd) int fd = connect_to_resolver();
	OWN(fd) int dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	double *whole = mem_alloc((size_t)rounds * sizeof(double));
	double *bare = mem_alloc((size_t)rounds * sizeof(double));
	char id[65], path[4096], v4[] = "10.8.0.1", none[] = "-";

	(void)snprintf(id, sizeof(id), "%064d", 987654321);
	(void)snprintf(path, sizeof(path), "%s/c/%s", state, id);
	(void)mkdir(path, 0700);
	for (int i = 0; i < rounds; i++) {
		char name[16];
		char *rest[] = { v4, none, name };
		double begin = now_us();

		(void)snprintf(name, sizeof(name), "new%d", i);
		if (publish(state, words, id, rest, 3) || wait_for(fd, name))
			return 1;
		whole[i] = now_us() - begin;
		begin = now_us();
		write_bare(dir, state, words[0]);
		bare[i] = now_us() - begin;
	}
	qsort(whole, (size_t)rounds, sizeof(double), compare);
	qsort(bare, (size_t)rounds, sizeof(double), compare);
	printf("until an answer has it: min %.0f, median %.0f, 99th of 100 %.0f us; "
	       "writing and renaming such a file: min %.0f, median %.0f us; ratio of medians %.1f\n",
	       whole[0], whole[rounds / 2], whole[rounds * 99 / 100], bare[0], bare[rounds / 2],
	       whole[rounds / 2] / bare[rounds / 2]);
	(void)unlinkat(dir, "bare", 0);
	free(whole);
	free(bare);
	return 0;
}

static int measure_questions(const char *name, int count)
{
	OWN(fd) int fd = connect_to_resolver();
	double *all = mem_alloc((size_t)count * sizeof(double));

	for (int i = 0; i < count; i++) {
		double begin = now_us();

		if (wait_for(fd, name))
			return 1;
		all[i] = now_us() - begin;
	}
	qsort(all, (size_t)count, sizeof(double), compare);
	printf("a question and its answer: min %.0f, median %.0f us\n", all[0], all[count / 2]);
	free(all);
	return 0;
}

/* -- in place of berth-shim -- */

static int split(char *text, const char *separators, char **words)
{
	char *rest = NULL;
	int n = 0;

	for (char *w = strtok_r(text, separators, &rest); w && n < WORDS_MAX;
	     w = strtok_r(NULL, separators, &rest))
		words[n++] = w;
	return n;
}

/* A file beside us; the process ends soon enough for it. */
static char *setting(const char *name)
{
	char path[4096];
	char *text = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("BERTH_LIBEXEC"), name);
	if (file_read_path(AT_FDCWD, path, 65536, &text, NULL) < 0)
		return str_dup("");
	return text;
}

static _Noreturn void become_shim(char **argv)
{
	(void)execv(setting("shim"), argv);
	_exit(125);
}

static int publish_all(const struct shim_plan *plan)
{
	char *all[WORDS_MAX];
	int count = split(setting("publish"), "\n", all);

	for (int i = 0; i < count; i++) {
		char *words[WORDS_MAX];
		int n = split(all[i], " ", words);

		if (n < 6 || publish(plan->state_root, words, plan->id, words + 3, n - 3))
			return 1;
	}
	return 0;
}

static void change(struct shim_plan *plan, struct arena *a)
{
	char *words[WORDS_MAX];
	int n = split(setting("servers"), " ", words);

	plan->resolver = arena_new(a, struct resolver_plan);
	for (int i = 0; i < n; i++)
		strv_add(&plan->resolver->servers, a, words[i]);
	for (size_t i = 0; i < plan->config.linux_->namespaces.n; i++)
		if (str_eq(plan->config.linux_->namespaces.items[i].type, "network"))
			plan->config.linux_->namespaces.items[i].path = setting("netns");
}

static int stand_in(char **argv)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf packed = { 0 };
	struct shim_plan plan;
	struct stat st;
	size_t used;
	void *at;
	int fd = memfd_create("plan", MFD_CLOEXEC);

	if (fstat(SHIM_FD_PLAN, &st) < 0)
		return 125;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, SHIM_FD_PLAN, 0);
	if (at == MAP_FAILED ||
	    schema_unpack(&shim_plan_schema, at, (size_t)st.st_size, &a, &plan, &used) < 0)
		return 125;
	change(&plan, &a);
	schema_pack(&shim_plan_schema, &plan, &packed);
	if (publish_all(&plan) || file_write_all(fd, packed.data, packed.len) < 0 ||
	    dup2(fd, SHIM_FD_PLAN) < 0)
		return 125;
	become_shim(argv);
}

/* -- the command line -- */

int main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/'), *verb = argc > 1 ? argv[1] : "";
	struct err err = ERR_INIT;

	base = base ? base + 1 : argv[0];
	if (str_eq(base, "berth-shim")) {
		if (argc == 2)
			return stand_in(argv);
		become_shim(argv);
	}
	if (str_eq(verb, "publish") && argc > 9)
		return publish(argv[2], argv + 3, argv[6], argv + 7, argc - 7);
	if (str_eq(verb, "withdraw") && argc == 5)
		return names_withdraw(argv[2], argv[3], argv[4], &err) < 0 ? fail(&err) : 0;
	if (str_eq(verb, "withdraw-all") && argc == 4)
		return names_withdraw_all(argv[2], argv[3], &err) < 0 ? fail(&err) : 0;
	if (str_eq(verb, "many") && argc == 6) {
		char open_kind[] = "open", *words[] = { argv[3], argv[4], open_kind };

		return publish_many(argv[2], words, (int)strtol(argv[5], NULL, 10));
	}
	if (str_eq(verb, "fewer") && argc == 4)
		return withdraw_many(argv[2], (int)strtol(argv[3], NULL, 10));
	if (str_eq(verb, "send") && argc == 3)
		return send_hex(argv[2]);
	if (str_eq(verb, "flood") && argc == 3)
		return flood((int)strtol(argv[2], NULL, 10));
	if (str_eq(verb, "visible") && argc == 6) {
		char open_kind[] = "open", *words[] = { argv[3], argv[4], open_kind };

		return measure(argv[2], words, (int)strtol(argv[5], NULL, 10));
	}
	if (str_eq(verb, "ask") && argc == 4)
		return measure_questions(argv[2], (int)strtol(argv[3], NULL, 10));
	(void)fprintf(stderr, "names_probe: see the head of its source\n");
	return 2;
}
