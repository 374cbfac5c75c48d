/*
 * flow.c - TCP connections and bytes, for the benchmark of networks
 *
 *	flow serve PORT                    answers each connection with one byte and ends it
 *	flow connect ADDRESS FIRST LAST N  microseconds that N connections, each to a random port of
 *the range, take until their byte is there: the median flow sink PORT                     reads
 *what comes flow push ADDRESS PORT MS          Gbit/s that one connection carries, in MS
 *milliseconds
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 100000, CHUNK = 131072 };

static void must(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static struct sockaddr_in at(const char *address, long port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	if (address && inet_pton(AF_INET, address, &a.sin_addr) != 1) {
		(void)fprintf(stderr, "flow: %s is no address\n", address);
		exit(2);
	}
	return a;
}

static int listen_at(long port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	struct sockaddr_in here = at(NULL, port);

	must(fd, "socket");
	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "SO_REUSEADDR");
	must(bind(fd, (struct sockaddr *)&here, sizeof(here)), "bind");
	must(listen(fd, 1024), "listen");
	return fd;
}

static int connect_to(const char *address, long port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in there = at(address, port);

	must(fd, "socket");
	must(connect(fd, (struct sockaddr *)&there, sizeof(there)), "connect");
	return fd;
}

static void serve(char **args)
{
	int listener = listen_at(strtol(args[0], NULL, 10));

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		must(fd, "accept");
		(void)!write(fd, "!", 1);
		(void)close(fd);
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void connect_many(char **args)
{
	static uint64_t took[CONNECTIONS_MAX];
	long first = strtol(args[1], NULL, 10), last = strtol(args[2], NULL, 10),
	     n = strtol(args[3], NULL, 10);

	if (n < 1 || n > CONNECTIONS_MAX || last < first)
		must(-1, "flow connect");
	srandom((unsigned)now_ns());
	for (long i = 0; i < n; i++) {
		char byte;
		uint64_t start = now_ns();
		int fd = connect_to(args[0], first + random() % (last - first + 1));

		must(read(fd, &byte, 1) == 1 ? 0 : -1, "read");
		took[i] = now_ns() - start;
		(void)close(fd);
	}
	qsort(took, (size_t)n, sizeof(*took), by_value);
	(void)printf("%.2f\n", (double)took[n / 2] / 1e3);
}

static void sink(char **args)
{
	static char bytes[CHUNK];
	int listener = listen_at(strtol(args[0], NULL, 10));

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		must(fd, "accept");
		while (read(fd, bytes, sizeof(bytes)) > 0)
			;
		(void)close(fd);
	}
}

static void push(char **args)
{
	static char bytes[CHUNK];
	int fd = connect_to(args[0], strtol(args[1], NULL, 10));
	uint64_t start = now_ns(), for_ns = strtoull(args[2], NULL, 10) * 1000000, sent = 0;

	while (now_ns() - start < for_ns) {
		ssize_t n = write(fd, bytes, sizeof(bytes));

		must(n, "write");
		sent += (uint64_t)n;
	}
	(void)printf("%.3f\n", (double)sent * 8 / (double)(now_ns() - start));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		void (*run)(char **args);
	} modes[] = { { "serve", 1, serve },
		      { "connect", 4, connect_many },
		      { "sink", 1, sink },
		      { "push", 3, push } };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (argc == modes[i].args + 2 && strcmp(argv[1], modes[i].name) == 0) {
			modes[i].run(argv + 2);
			return 0;
		}
	(void)fprintf(stderr, "usage: flow serve PORT | connect ADDRESS FIRST LAST N | sink PORT | "
			      "push ADDRESS PORT MS\n");
	return 2;
}
