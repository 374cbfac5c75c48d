/*
 * apparmor.h - what AppArmor there is
 */
#ifndef SYS_APPARMOR_H
#define SYS_APPARMOR_H

#include <stdbool.h>

/* Does this kernel run it? */
bool apparmor_runs(void);
/* Is this profile loaded, in whichever mode? false, too, where the list cannot be read. */
bool apparmor_has(const char *profile);

#endif
