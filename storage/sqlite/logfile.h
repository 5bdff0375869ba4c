/* logfile: the log of transactions (SQLite's WAL), written in large pieces. SQLite writes each
 * frame of it by two calls, 24 bytes and a page, and what that costs the kernel was more than all
 * else that SQLite did in a commit. Here the frames of a transaction are gathered, and written when
 * there are LOGFILE_GATHER bytes of them or its last one has come.
 *
 * So nothing is gathered any more once a commit has returned, and a disk that is full fails the
 * write of the last frame at the latest, hence the commit. What is read back, cut or synced is
 * written first. Only what lies behind all written so far is gathered; the rest goes straight
 * through. The bytes in the file are those that SQLite would have written, in the same order.
 * Source: sqlite.org/fileformat2.html, section 4.
 * Memory: LOGFILE_BUFFER_SIZE for each connection that writes. Thread: that of the connection. */
#ifndef STORAGE_SQLITE_LOGFILE_H
#define STORAGE_SQLITE_LOGFILE_H

/* Measured, microseconds a frame: 2.8 by two calls; 0.9 by 64 KB, 0.7 by all of a commit. */
enum { LOGFILE_GATHER = 64 * 1024, LOGFILE_BUFFER_SIZE = LOGFILE_GATHER + 64 * 1024 + 32 };

/* The name of SQLite's VFS that does it: for sqlite3_open_v2(), once it is there. */
#define LOGFILE_VFS "crawld"

/* Adds it to SQLite's, for the whole process and for good; again: does nothing. Without memory it
 * is not there, and SQLite does it its own way. Thread: while there is one. */
void logfile_register(void);

#endif
