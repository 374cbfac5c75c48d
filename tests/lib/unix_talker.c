/*
 * unix_talker.c - says numbers to a datagram socket that somebody else has bound
 *
 *	unix_talker PATH
 *
 * Connected once, it sends "1", "2", ... five times a second and counts on whether anybody hears.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[16];

	if (argc != 2 || fd < 0 || strlen(argv[1]) >= sizeof(to.sun_path))
		return 2;
	memcpy(to.sun_path, argv[1], strlen(argv[1]) + 1);
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	for (int n = 1;; n++) {
		int len = snprintf(text, sizeof(text), "%d\n", n);

		(void)send(fd, text, (size_t)len, MSG_DONTWAIT);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	}
}
