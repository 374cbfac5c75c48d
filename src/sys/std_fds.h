/*
 * std_fds.h - descriptors 0, 1 and 2 are there, whatever the caller has closed
 */
#ifndef SYS_STD_FDS_H
#define SYS_STD_FDS_H

/*
 * Once, before anything is opened: else what is opened next becomes "stdout", is written to, and
 * given to containers. A closed stdin is empty from now on; to write to the others stays an error
 * (EBADF), so that lost output is told. 0 or a negative errno.
 */
int std_fds_ensure(void);

#endif
