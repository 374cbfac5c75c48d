/*
 * init_report.h - where init.c notes how far it came
 */
#ifndef RUNTIME_INIT_REPORT_H
#define RUNTIME_INIT_REPORT_H

#include "runtime/init_plan.h"

/* Which mount, device, hook, … of a step it is. */
static inline void init_report_item(const struct init_plan *p, size_t i)
{
	p->report->item = (uint16_t)i;
}

/* Why, where errno does not say it; returns error. */
static inline long init_report_failed(const struct init_plan *p, enum init_detail detail,
				      long error)
{
	p->report->detail = (uint16_t)detail;
	return error;
}

#endif
