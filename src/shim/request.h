/*
 * request.h - what clients ask of a shim
 */
#ifndef SHIM_REQUEST_H
#define SHIM_REQUEST_H

#include "shim/supervisor.h"

/* The frame that c has received. Negative: it is no request; the client is to be dropped. */
int request_serve(struct supervisor *s, struct client *c);
/* Passes on what clients have sent for the container's stdin, as far as that takes it. */
void request_pass_input(struct supervisor *s);
/* It will send no more: drops it, but only when the container has what it sent. */
void request_client_left(struct supervisor *s, struct client *c);

#endif
