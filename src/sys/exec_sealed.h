/*
 * exec_sealed.h - executing our own programs so that no container can overwrite them
 *
 * A process that enters a container can be reached there as /proc/PID/exe. The program is therefore
 * executed from a private detached read-only mount of its file (open_tree, mount_setattr), or,
 * where the kernel lacks those, from a sealed memfd. See CVE-2019-5736.
 */
#ifndef SYS_EXEC_SEALED_H
#define SYS_EXEC_SEALED_H

/*
 * A close-on-exec descriptor to pass to execveat(fd, "", argv, envp, AT_EMPTY_PATH), or a negative
 * errno. path is trusted.
 */
int exec_sealed_open(const char *path);
/*
 * Executes the program that runs once more, from such a descriptor, with the same environment and,
 * unless it is there, BERTH_LIBEXEC (program.h). 0 when it runs from one already; comes back with a
 * negative errno when that cannot be.
 */
int exec_sealed_self(char *const *argv);

#endif
