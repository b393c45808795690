// A disk that fails, and a clock that is set: what a test preloads into the server (tests/suite/faults.rs).
//
// Each fault is a file in the directory $FAULTS with a number in it. `write` and `sync` hold the errno that every such call
// fails with, `grow` that of writes beyond the end of a file, `clock` the seconds by which the clock of the day is ahead.
// Without the file, calls do what they always do.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long fault(const char *name) {
    const char *directory = getenv("FAULTS");
    char path[4096], text[32];
    int before = errno;
    long number = 0;
    if (directory && snprintf(path, sizeof path, "%s/%s", directory, name) < (int)sizeof path) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            ssize_t length = read(file, text, sizeof text - 1);
            text[length > 0 ? length : 0] = 0;
            number = atol(text);
            close(file);
        }
    }
    errno = before;
    return number;
}

#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

// Does what the system does, unless there is a fault of this name.
#define FAIL_OR(name, call)       \
    long number = fault(name);    \
    if (number) {                 \
        errno = (int)number;      \
        return -1;                \
    }                             \
    return call

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    struct stat now;
    if (fstat(file, &now) == 0 && offset + (off64_t)length > now.st_size && (errno = (int)fault("grow")))
        return -1;
    FAIL_OR("write", REAL(pwrite64)(file, bytes, length, offset));
}

int fdatasync(int file) { FAIL_OR("sync", REAL(fdatasync)(file)); }

int fsync(int file) { FAIL_OR("sync", REAL(fsync)(file)); }

int clock_gettime(clockid_t clock, struct timespec *time) {
    int outcome = REAL(clock_gettime)(clock, time);
    if (outcome == 0 && clock == CLOCK_REALTIME)
        time->tv_sec += fault("clock");
    return outcome;
}
