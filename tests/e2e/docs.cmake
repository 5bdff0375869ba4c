# The man page and the completion, and their agreement with the help texts.
set(man_page ${CMAKE_SOURCE_DIR}/crawler/cli/crawld.1)
set(completion ${CMAKE_SOURCE_DIR}/crawler/cli/crawld.bash)
add_test(NAME docs.agree COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/docs_agree.py
    $<TARGET_FILE:crawld> ${man_page} ${completion})
add_test(NAME docs.man_lint COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/man_lint.sh ${man_page})
add_test(NAME docs.completion COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/completion_test.sh ${completion})
set_tests_properties(docs.agree docs.man_lint docs.completion PROPERTIES
    LABELS e2e SKIP_RETURN_CODE 77 TIMEOUT 60)
