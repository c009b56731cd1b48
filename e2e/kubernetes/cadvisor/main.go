// Runs kubelet's own cAdvisor, set up as kubelet sets it up, over the groups below one cgroup, and says what that cost:
// one line of JSON with the CPU time of this process and how many samples of containers it took in a window.
//
//	cadvisor /group SETTLE_SECONDS WINDOW_SECONDS
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	info "github.com/google/cadvisor/info/v2"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
)

type report struct {
	CPUSeconds    float64 `json:"cpu_seconds"`
	WindowSeconds float64 `json:"window_seconds"`
	Containers    int     `json:"containers"`
	Samples       int     `json:"samples"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cadvisor:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("call it as: cadvisor /group SETTLE_SECONDS WINDOW_SECONDS")
	}
	group := args[0]
	settle, err := seconds(args[1])
	if err != nil {
		return err
	}
	window, err := seconds(args[2])
	if err != nil {
		return err
	}
	client, err := cadvisor.New(cadvisor.NewImageFsInfoProvider(""), os.TempDir(), []string{group}, false, false)
	if err != nil {
		return err
	}
	if err := client.Start(); err != nil {
		return err
	}
	time.Sleep(settle)
	from, before := time.Now(), cpuSeconds()
	time.Sleep(window)
	to, after := time.Now(), cpuSeconds()
	containers, samples, err := count(client, group, from, to)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report{
		CPUSeconds:    after - before,
		WindowSeconds: to.Sub(from).Seconds(),
		Containers:    containers,
		Samples:       samples,
	})
}

func seconds(text string) (time.Duration, error) {
	value, err := strconv.ParseFloat(text, 64)
	return time.Duration(value * float64(time.Second)), err
}

// count tells how many groups below the given one have samples of the window, and how many samples these are.
func count(client cadvisor.Interface, group string, from, to time.Time) (containers, samples int, err error) {
	all, err := client.ContainerInfoV2(group, info.RequestOptions{IdType: info.TypeName, Count: -1, Recursive: true})
	if err != nil {
		return 0, 0, err
	}
	for name, container := range all {
		if !strings.HasPrefix(name, group+"/") {
			continue
		}
		taken := 0
		for _, sample := range container.Stats {
			if sample.Timestamp.After(from) && !sample.Timestamp.After(to) {
				taken++
			}
		}
		samples += taken
		if taken > 0 {
			containers++
		}
	}
	return containers, samples, nil
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	of := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return of(usage.Utime) + of(usage.Stime)
}
