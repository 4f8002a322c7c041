/* A disk that keeps only what was synced: preloaded into the gateway's processes by tests/chaos/power.py.
 *
 * Each fsync, fdatasync, syncfs and sync of something below POWER_DISK copies, before it returns, what is synced at
 * that moment to POWER_PLATTER: a file's bytes to files/<inode>, a folder's names to folders/<inode>. After the power
 * cut the disk is laid anew from the platter. What it writes down is what POSIX promises and no more: a new file's name
 * is durable when its folder was synced, not when the file was. With POWER_NAMES it is as on ext4 and XFS, where the
 * first sync of a new file makes its name durable as well: PostgreSQL counts on that. An inode is held by a hard link in
 * held/, so that its number is not given to another file while the platter speaks of it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int (*sync_call)(int);

static const char *disk(void) { return getenv("POWER_DISK"); }

static void place(char *path, const char *kind, unsigned long inode) {
    snprintf(path, PATH_MAX, "%s/%s/%lu", getenv("POWER_PLATTER"), kind, inode);
}

static void broken(const char *what) {
    perror(what);
    abort(); /* a test that could not write the platter shows nothing */
}

/* One writer at a time for each inode: an older copy must not come to lie over a newer one. */
static int locked(unsigned long inode) {
    char path[PATH_MAX];
    place(path, "locks", inode);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX)) broken("platter lock");
    return lock;
}

static void put(const char *fresh, const char *kind, unsigned long inode) {
    char path[PATH_MAX];
    place(path, kind, inode);
    if (rename(fresh, path)) broken("platter rename");
}

static FILE *begin(char *fresh) {
    snprintf(fresh, PATH_MAX, "%s/fresh-XXXXXX", getenv("POWER_PLATTER"));
    int handle = mkostemp(fresh, O_CLOEXEC);
    FILE *out = handle < 0 ? NULL : fdopen(handle, "w");
    if (!out) broken("platter file");
    return out;
}

static void hold(const char *path, unsigned long inode) {
    char held[PATH_MAX];
    place(held, "held", inode);
    (void)!linkat(AT_FDCWD, path, AT_FDCWD, held, AT_SYMLINK_FOLLOW); /* held already, or removed meanwhile */
}

static void keep_file(const char *path, unsigned long inode) {
    char fresh[PATH_MAX], block[65536];
    int lock = locked(inode), in = open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0) broken("synced file");
    FILE *out = begin(fresh);
    for (ssize_t n; (n = read(in, block, sizeof block)) > 0;)
        if (fwrite(block, 1, n, out) != (size_t)n) broken("platter write");
    if (fclose(out)) broken("platter write");
    close(in);
    hold(path, inode);
    put(fresh, "files", inode);
    close(lock);
}

static void keep_folder(const char *path, unsigned long inode) {
    char fresh[PATH_MAX], child[PATH_MAX + 512], held[PATH_MAX];
    int lock = locked(inode);
    DIR *folder = opendir(path);
    if (!folder) broken("synced folder");
    FILE *out = begin(fresh);
    for (struct dirent *one; (one = readdir(folder));) {
        if (!strcmp(one->d_name, ".") || !strcmp(one->d_name, "..")) continue;
        if (one->d_type == DT_REG) {
            snprintf(child, sizeof child, "%s/%s", path, one->d_name);
            hold(child, one->d_ino);
            place(held, "held", one->d_ino);
            if (access(held, F_OK)) continue; /* removed while we looked: either answer is right */
        }
        fprintf(out, "%lu %c %s\n", (unsigned long)one->d_ino, one->d_type == DT_DIR ? 'd' : 'f', one->d_name);
    }
    if (fclose(out)) broken("platter write");
    closedir(folder);
    put(fresh, "folders", inode);
    close(lock);
}

static int keep(const char *path, const struct stat *seen, int type, struct FTW *at) {
    (void)type, (void)at;
    if (S_ISDIR(seen->st_mode)) keep_folder(path, seen->st_ino);
    else if (S_ISREG(seen->st_mode)) keep_file(path, seen->st_ino);
    return 0;
}

/* The name of a file that was never synced before, with the names beside it: a journal keeps their order. */
static void keep_name(char *path) {
    struct stat seen;
    *strrchr(path, '/') = '\0';
    if (!stat(path, &seen)) keep_folder(path, seen.st_ino);
}

static int is_new(const struct stat *seen) {
    char kept[PATH_MAX];
    place(kept, "files", seen->st_ino);
    return S_ISREG(seen->st_mode) && access(kept, F_OK);
}

static int sync_one(int handle, const char *name) {
    char link[64], path[PATH_MAX];
    struct stat seen;
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0 || !disk() || fstat(handle, &seen)) return ((sync_call)dlsym(RTLD_NEXT, name))(handle);
    path[n] = '\0';
    if (strncmp(path, disk(), strlen(disk()))) return ((sync_call)dlsym(RTLD_NEXT, name))(handle);
    int first = getenv("POWER_NAMES") && is_new(&seen);
    /* through /proc, since the file may have been renamed or removed by now */
    keep(link, &seen, 0, NULL);
    if (first) keep_name(path);
    return 0;
}

int fsync(int handle) { return sync_one(handle, "fsync"); }
int fdatasync(int handle) { return sync_one(handle, "fdatasync"); }

void sync(void) { if (disk()) nftw(disk(), keep, 16, FTW_PHYS); }

int syncfs(int handle) {
    (void)handle;
    sync();
    return 0;
}
