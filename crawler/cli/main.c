#include "crawler/base/util.h"

int main(void)
{
    return 2;
}
