/* The least that a server can do: what the kernel charges to hand a picture to each client.
 *
 *     cc -O2 -o floor floor.c
 *     ./floor PICTURES PORT FPS send|sendfile
 *
 * One thread and one epoll. FPS times a second the same bytes go to every client who has taken the
 * picture before: by one send() from one buffer, or by one sendfile() from a memfd made for this
 * picture. It reads no request, checks nothing, and is good for nothing but to be compared with.
 * The picture itself is made without clients too, as every server's camera does: so it is no part of
 * the cost above idle.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_FD 4096
#define MARK_BODY 30 /* 14 letters, number, birth: see marks.py */

struct part { /* a picture as it is sent; freed when its last client has it */
    int users, memfd;
    size_t length;
    char *bytes;
};

struct client {
    int watching; /* has asked for something, and been answered with a head */
    int waiting;  /* epoll tells when it takes bytes again */
    size_t sent;
    struct part *part;
};

static struct client clients[MAX_FD];
static char **pictures;
static uint32_t *lengths;
static int count, epoll, by_sendfile, highest, watchers;

static void die(const char *why) {
    perror(why);
    exit(1);
}

static void read_pictures(const char *path) {
    FILE *file = fopen(path, "rb");
    uint32_t length;
    if (!file) die(path);
    while (fread(&length, 4, 1, file) == 1) {
        pictures = realloc(pictures, (count + 1) * sizeof *pictures);
        lengths = realloc(lengths, (count + 1) * sizeof *lengths);
        pictures[count] = malloc(length);
        lengths[count] = length;
        if (fread(pictures[count++], 1, length, file) != length) die("a picture is cut off");
    }
    fclose(file);
}

static char *put_big_endian(char *at, uint64_t value, int bytes) {
    while (bytes--) *at++ = value >> 8 * bytes;
    return at;
}

static struct part *make_part(uint64_t number) {
    struct part *part = malloc(sizeof *part);
    int which = number % count;
    size_t jpeg_length = lengths[which] + 4 + MARK_BODY;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);

    char *at = part->bytes = malloc(jpeg_length + 128);
    at += sprintf(at, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n", jpeg_length);
    memcpy(at, pictures[which], 2), at += 2;
    at = put_big_endian(at, 0xfffe, 2);
    at = put_big_endian(at, 2 + MARK_BODY, 2);
    memcpy(at, "pimotion-mark ", 14), at += 14;
    at = put_big_endian(at, number, 8);
    at = put_big_endian(at, now.tv_sec * 1000000000ull + now.tv_nsec, 8);
    memcpy(at, pictures[which] + 2, lengths[which] - 2), at += lengths[which] - 2;
    memcpy(at, "\r\n", 2), at += 2;

    part->users = 1;
    part->length = at - part->bytes;
    part->memfd = -1;
    return part;
}

static void put_into_file(struct part *part) {
    part->memfd = memfd_create("part", MFD_CLOEXEC);
    if (write(part->memfd, part->bytes, part->length) != (ssize_t)part->length) die("memfd");
}

static void release(struct part *part) {
    if (!part || --part->users) return;
    if (part->memfd >= 0) close(part->memfd);
    free(part->bytes);
    free(part);
}

static void hang_up(int fd) {
    release(clients[fd].part);
    watchers -= clients[fd].watching;
    clients[fd] = (struct client){0};
    close(fd);
}

static void await_room(int fd, int wanted) {
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.fd = fd};
    if (clients[fd].waiting != wanted) epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
    clients[fd].waiting = wanted;
}

/* Send on; a client whose buffer is full gets the rest when it has room. */
static void push(int fd) {
    struct client *client = &clients[fd];
    struct part *part = client->part;
    while (client->sent < part->length) {
        off_t from = client->sent;
        size_t left = part->length - client->sent;
        ssize_t taken = by_sendfile ? sendfile(fd, part->memfd, &from, left)
                                    : send(fd, part->bytes + from, left, MSG_NOSIGNAL);
        if (taken < 0 && errno == EAGAIN) {
            await_room(fd, 1);
            return;
        }
        if (taken < 0) {
            hang_up(fd);
            return;
        }
        client->sent += taken;
    }
    release(part);
    client->part = NULL;
    await_room(fd, 0);
}

static void show_next(uint64_t number) {
    struct part *part = make_part(number);
    if (watchers && by_sendfile) put_into_file(part);
    for (int fd = 0; fd <= highest; fd++) {
        struct client *client = &clients[fd];
        if (!client->watching || client->part) continue; /* still busy with an older one */
        client->part = part;
        client->sent = 0;
        part->users++;
        push(fd);
    }
    release(part);
}

static void welcome(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (fd >= MAX_FD) die("too many clients");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        clients[fd] = (struct client){0};
        if (fd > highest) highest = fd;
    }
}

static void hear(int fd) {
    static const char head[] = "HTTP/1.0 200 OK\r\nConnection: close\r\n"
                               "Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n";
    char request[4096];
    ssize_t length = recv(fd, request, sizeof request, MSG_DONTWAIT);
    if (length == 0 || (length < 0 && errno != EAGAIN)) {
        hang_up(fd);
    } else if (length > 0 && !clients[fd].watching) {
        clients[fd].watching = send(fd, head, sizeof head - 1, MSG_NOSIGNAL) > 0;
        watchers += clients[fd].watching;
    }
}

static int watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll");
    return fd;
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (void *)&address, sizeof address) || listen(fd, 1024)) die("listen");
    return watch(fd);
}

static int tick(double fps) {
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct timespec period = {.tv_sec = (long)(1 / fps)};
    period.tv_nsec = (1 / fps - period.tv_sec) * 1e9;
    timerfd_settime(fd, 0, &(struct itimerspec){period, period}, NULL);
    return watch(fd);
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    struct rlimit many = {MAX_FD, MAX_FD};
    setrlimit(RLIMIT_NOFILE, &many);
    signal(SIGPIPE, SIG_IGN); /* of sendfile() to a client who has just left */
    read_pictures(argv[1]);
    by_sendfile = !strcmp(argv[4], "sendfile");
    epoll = epoll_create1(0);
    int listener = listen_on(atoi(argv[2])), timer = tick(atof(argv[3]));
    uint64_t number = 0, ticks;
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                welcome(listener);
            } else if (fd == timer) {
                if (read(timer, &ticks, sizeof ticks) > 0) show_next(++number);
            } else {
                if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) hear(fd);
                if (events[i].events & EPOLLOUT && clients[fd].part) push(fd);
            }
        }
    }
}
