/*
 * memory.h - giving back what the start of a container used
 */
#ifndef SHIM_MEMORY_H
#define SHIM_MEMORY_H

/* The heap's free pages, the stack below the caller, and the program as far as it is not in use. */
void memory_give_back(void);

#endif
