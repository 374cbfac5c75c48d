/*
 * console_socket.c - what an engine does with --console-socket: takes the terminal and talks to it
 *
 *	console_socket PATH TEXT
 *
 * Listens at PATH, receives one descriptor, writes TEXT and a newline to it, and copies what comes
 * back to standard output until the other side closes.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int receive(int connection)
{
	char name[4096];
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec data = { name, sizeof(name) };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	int fd = -1;

	if (recvmsg(connection, &message, 0) > 0 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), master;
	char buf[4096];
	ssize_t n;

	if (argc != 3 || strlen(argv[1]) >= sizeof(at.sun_path))
		return 2;
	memcpy(at.sun_path, argv[1], strlen(argv[1]));
	(void)unlink(argv[1]);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(listener, 1) < 0) {
		perror(argv[1]);
		return 1;
	}
	master = receive(accept(listener, NULL, NULL));
	if (!isatty(master) || write(master, argv[2], strlen(argv[2])) < 0 ||
	    write(master, "\n", 1) < 0) {
		perror("terminal");
		return 1;
	}
	while ((n = read(master, buf, sizeof(buf))) > 0)
		if (write(STDOUT_FILENO, buf, (size_t)n) != n)
			return 1;
	return 0;
}
