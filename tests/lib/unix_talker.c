/*
 * unix_talker.c - datagrams over a Unix socket with a name
 *
 *	unix_talker hear PATH    binds it, and writes what comes to standard output, a line each
 *	unix_talker talk PATH    connects once, and sends "1", "2", ... five times a second, whether
 *	                         anybody hears it or not
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int hear(int fd)
{
	char text[256];
	ssize_t n;

	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[n++] = '\n';
		if (write(STDOUT_FILENO, text, (size_t)n) != n)
			return 1;
	}
	return 1;
}

static _Noreturn void talk(int fd)
{
	char text[16];

	for (int n = 1;; n++) {
		int len = snprintf(text, sizeof(text), "%d", n);

		(void)send(fd, text, (size_t)len, MSG_DONTWAIT);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (argc != 3 || fd < 0 || strlen(argv[2]) >= sizeof(at.sun_path))
		return 2;
	memcpy(at.sun_path, argv[2], strlen(argv[2]) + 1);
	if (!strcmp(argv[1], "hear"))
		return bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? 1 : hear(fd);
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return 1;
	talk(fd);
}
