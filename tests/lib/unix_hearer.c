/*
 * unix_hearer PATH - binds a datagram socket of this name, and writes what comes to standard output,
 * a line each
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[256];
	ssize_t n;

	if (argc != 2 || fd < 0 || strlen(argv[1]) >= sizeof(at.sun_path))
		return 2;
	memcpy(at.sun_path, argv[1], strlen(argv[1]) + 1);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return 1;
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[n++] = '\n';
		if (write(STDOUT_FILENO, text, (size_t)n) != n)
			return 1;
	}
	return 1;
}
