/* Must not compile: see ctest house.banned. */
void copy(char *to, const char *from);

void copy(char *to, const char *from)
{
    strcpy(to, from);
}
