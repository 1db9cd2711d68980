select access_shared('region', partner => true);
select access_shared('region_span', partner => true);
