/*
 * log.h - one line per event on stderr
 *
 * error: someone must act. warn: we went on, but not as asked. info: what an operator wants in
 * the morning. debug: the rest. A line is "berth: level: text"; never secrets or bodies.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

/* The program's name in front of each line, and the least important level that is shown. */
void log_init(const char *program, enum log_level level);
/* 0 and *ret_level, or -EINVAL. Names: debug, info, warn, error (fatal counts as error). */
int log_level_parse(const char *name, enum log_level *ret_level);
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
