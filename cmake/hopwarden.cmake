# SPDX-License-Identifier: Apache-2.0
# One function per kind of target. A layer's include path is its own folder and those of the layers it names, nothing else.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_definitions(_GNU_SOURCE)
add_compile_options(
    -Wall -Wextra -Wshadow -Wconversion -Wcast-qual -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes
    -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wimplicit-fallthrough
    -fstack-protector-strong -ffp-contract=off -fno-strict-aliasing)
if(HOP_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
    if(HOP_FUZZ)
        add_compile_options(-fsanitize=fuzzer-no-link) # the library too, or the fuzzers would see nothing of it
    endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
add_link_options(LINKER:-z,relro LINKER:-z,now)

# hop_layer(model LAYERS base [PACKAGES PkgConfig::X ...] SOURCES a.c ...)
function(hop_layer name)
    cmake_parse_arguments(ARG "" "" "LAYERS;PACKAGES;SOURCES" ${ARGN})
    set(target hop_${name})
    if(ARG_SOURCES)
        add_library(${target} STATIC ${ARG_SOURCES})
        set(scope PUBLIC)
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif()
    # For "quoted" includes only: our error.h, file.h and sys/ must not stand in for the system's.
    target_compile_options(${target} ${scope} "SHELL:-iquote ${CMAKE_CURRENT_SOURCE_DIR}")
    foreach(layer IN LISTS ARG_LAYERS)
        target_link_libraries(${target} ${scope} hop_${layer})
    endforeach()
    if(ARG_SOURCES)
        target_link_libraries(${target} PRIVATE ${ARG_PACKAGES})
    endif()
endfunction()

# hop_unit_tests(model [LAYERS more ...] [PACKAGES ...]): every <noun>_test.c of the current folder becomes one check program over that layer;
# other .c files of the folder are shared by all of them.
function(hop_unit_tests layer)
    cmake_parse_arguments(ARG "" "" "LAYERS;PACKAGES" ${ARGN})
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.c)
    file(GLOB shared CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    if(tests)
        list(REMOVE_ITEM shared ${tests})
    endif()
    foreach(file IN LISTS tests)
        get_filename_component(noun ${file} NAME_WE)
        set(target unit_${layer}_${noun})
        add_executable(${target} ${file} ${shared})
        target_link_libraries(${target} PRIVATE hop_${layer} PkgConfig::CHECK ${ARG_PACKAGES})
        foreach(more IN LISTS ARG_LAYERS)
            target_link_libraries(${target} PRIVATE hop_${more})
        endforeach()
        target_compile_options(${target} PRIVATE -Wno-missing-prototypes)
        target_compile_definitions(${target} PRIVATE HOP_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
        add_test(NAME unit/${layer}/${noun} COMMAND ${target})
        set_tests_properties(unit/${layer}/${noun} PROPERTIES TIMEOUT 600)
    endforeach()
endfunction()

# hop_fuzzer(history_codec LAYERS history): tests/fuzz/<name>_fuzz.c with its corpus folder, run over the corpus as a test.
function(hop_fuzzer name)
    cmake_parse_arguments(ARG "" "" "LAYERS" ${ARGN})
    if(HOP_FUZZ)
        add_executable(fuzz_${name} ${name}_fuzz.c)
        target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer -Wno-missing-prototypes)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        foreach(layer IN LISTS ARG_LAYERS)
            target_link_libraries(fuzz_${name} PRIVATE hop_${layer})
        endforeach()
        add_test(NAME fuzz/${name}
            COMMAND fuzz_${name} -runs=20000 -max_len=4096 -seed=1 -timeout=10 -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/
                    ${CMAKE_CURRENT_BINARY_DIR}/found_${name} ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
        file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/found_${name})
        set_tests_properties(fuzz/${name} PROPERTIES TIMEOUT 300)
    endif()
endfunction()
